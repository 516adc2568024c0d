// GET /metrics: what the apps and the journal are now, in Prometheus' text format.
//
// Each value is read when it is asked for, so nothing is counted twice or forgotten by a restart.
// That leaves prometheus-cpp, which keeps values and serves them from a web server of its own, with
// nothing to do but the escaping below (docs/metrics.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/app_service.h"
#include "daemon/site.h"

namespace lastgood::daemon {

std::string metrics_text(Site& site, const std::vector<std::unique_ptr<AppService>>& apps,
                         const std::vector<control::AppStatus>& statuses);

}  // namespace lastgood::daemon
