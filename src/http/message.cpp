#include "lastgood/http/message.h"

namespace lastgood::http {
namespace {

std::string_view find(const std::vector<std::pair<std::string, std::string>>& pairs,
                      std::string_view name) {
    for (const auto& pair : pairs) {
        if (pair.first == name) return pair.second;
    }
    return {};
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
    return find(headers, name);
}

std::string_view Request::param(std::string_view name) const {
    return find(params, name);
}

}  // namespace lastgood::http
