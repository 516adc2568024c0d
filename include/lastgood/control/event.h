// Events for GET /v1/events, made of the same JSON as the other answers.
//
//     {"type":"deployment","app":APP,"deployment":{as in history}}
//     {"type":"delivery","app":APP,"delivery":{as in deliveries}}
//     {"type":"app","app":APP,"status":{as in status}}
//     {"type":"progress","app":APP,"deployment":ID,"progress":{…}} lastgood/control/progress.h
//     {"type":"crash","app":APP,"crash":{"app","commit","slot","status","at"}}
//     {"type":"quarantine","app":APP,"quarantine":{"app","commit","reason","since"},"released":BOOL}
#pragma once

#include "lastgood/control/target.h"

namespace lastgood::control {

Event deployment_event(const store::DeploymentRow& row);
Event delivery_event(const store::DeliveryRow& row);
Event app_event(const AppStatus& status);
Event crash_event(const Crash& crash);
// `released`: the commit was taken out of quarantine, else put into it.
Event quarantine_event(const store::QuarantineRow& row, bool released);

}  // namespace lastgood::control
