#include "lastgood/core/provider.h"

namespace lastgood::core {

std::string_view to_string(Provider provider) {
    switch (provider) {
        case Provider::github:
            return "github";
        case Provider::gitlab:
            return "gitlab";
        case Provider::gitlab_token:
            return "gitlab-token";
    }
    return "?";
}

}  // namespace lastgood::core
