// Rows of the journal and states of apps as JSON text, in the shapes of the public contract.
// Foreign text becomes valid UTF-8 here.
#pragma once

#include <string>
#include <vector>

#include "lastgood/control/target.h"

namespace lastgood::control {

std::string to_json(const AppStatus& status);
std::string to_json(const store::SampleRow& row);
std::string to_json(const store::DeploymentRow& row);
std::string to_json(const store::DeliveryRow& row);
std::string to_json(const Story& story);
std::string to_json(const store::QuarantineRow& row);
std::string to_json(const Crash& crash);
std::string to_json(const StepOutput& piece);
std::string to_json(const Outcome& outcome);
std::string to_json(const Notifications& all);

std::string version_json();  // of this program
std::string error_json(const std::string& text, bool refused = false);

// {"NAME":[…]}
template <typename Row>
std::string list_json(const std::string& name, const std::vector<Row>& rows) {
    std::string text = "{\"" + name + "\":[";
    for (const Row& row : rows) {
        if (&row != &rows.front()) text += ',';
        text += to_json(row);
    }
    return text + "]}";
}

}  // namespace lastgood::control
