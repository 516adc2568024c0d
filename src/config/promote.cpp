#include "config/promote.h"

#include <set>

#include "lastgood/base/strings.h"

namespace lastgood::config {
namespace {

std::string place_of(const App& app) {
    return "apps." + app.name.str() + ".promote: ";
}

const App* find(const Config& config, const std::string& name) {
    const auto parsed = AppName::parse(name);
    return parsed ? config.find(*parsed) : nullptr;
}

// "production <- staging <- production", where following `promote` comes back; else empty.
std::string circle(const Config& config, const App& begin) {
    std::string way = begin.name.str();
    std::set<std::string> seen;
    for (const App* app = &begin; app->rules.promotion;) {
        app = find(config, app->rules.promotion->from);
        if (app == nullptr) return {};
        way += " <- " + app->name.str();
        if (app == &begin) return way;
        if (!seen.insert(app->name.str()).second) return {};  // a circle without this app
    }
    return {};
}

}  // namespace

void read_promote(const Section& section, App& app) {
    const auto* node = section.value("promote");
    if (node == nullptr) return;
    core::Promotion promotion;
    if (node->kind == YamlNode::Kind::scalar) {
        promotion.from = node->text;
    } else {
        const auto inside = section.section("promote", SectionKind::promote);
        if (!inside) return;
        if (!inside->has("app")) {
            inside->fault("app", inside->mark(), "is missing; name the app that proves commits");
            return;
        }
        inside->text("app", promotion.from);
        inside->duration("after", promotion.after, Millis(0));
    }
    app.rules.promotion = std::move(promotion);
}

void check_promotions(Reading& reading, const Config& config,
                      const std::map<std::string, Mark>& marks) {
    for (const App& app : config.apps) {
        if (!app.rules.promotion) continue;
        const Mark mark = marks.at(app.name.str());
        const std::string& from = app.rules.promotion->from;
        if (from.empty()) continue;  // told already
        if (find(config, from) == nullptr) {
            std::vector<std::string> names;
            for (const App& other : config.apps) {
                if (other.name != app.name) names.push_back(other.name.str());
            }
            reading.fault(mark, place_of(app) + in_quotes(from) + " is no app of this file" +
                                    (names.empty() ? "" : "; there are " + join(names, ", ")));
        } else if (const auto way = circle(config, app); !way.empty()) {
            reading.fault(mark, place_of(app) +
                                    "each waits for the other, and nothing would ever be " +
                                    "deployed: " + way + "; remove one of them");
        }
    }
}

}  // namespace lastgood::config
