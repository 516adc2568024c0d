#include "forge/json_collector.h"

#include <algorithm>
#include <utility>

#include "lastgood/base/limits.h"

namespace lastgood::forge {
namespace {

using Kind = JsonField::Kind;

WantedNode& child(std::unique_ptr<WantedNode>& place) {
    if (!place) place = std::make_unique<WantedNode>();
    return *place;
}

}  // namespace

WantedNode WantedNode::of(const JsonFields::Paths& paths) {
    WantedNode root;
    for (std::string_view path : paths) {
        WantedNode* node = &root;
        while (!path.empty()) {
            std::string_view name = path.substr(0, path.find('.'));
            path.remove_prefix(std::min(path.size(), name.size() + 1));
            const bool list = name.ends_with("[]");
            if (list) name.remove_suffix(2);
            node = &child(node->members[std::string(name)]);
            if (list) node = &child(node->element);
        }
    }
    return root;
}

bool JsonCollector::string(string_t& value) {
    if (levels_.empty()) return fail("the payload is no JSON object");
    const Place place = next_place();
    if (place.node != nullptr) {
        fields_[place.path] = JsonField{Kind::string, {}, std::move(value), {}};
    }
    return true;
}

bool JsonCollector::key(string_t& name) {
    named_ = {};
    const Place& object = levels_.back().place;
    if (object.node == nullptr) return true;
    const auto found = object.node->members.find(name);
    if (found == object.node->members.end()) return true;
    named_.node = found->second.get();
    named_.path = object.path.empty() ? name : object.path + "." + name;
    if (fields_.contains(named_.path)) {
        return fail("the payload has the field `" + named_.path + "` twice");
    }
    return true;
}

bool JsonCollector::parse_error(std::size_t position, const std::string&,
                                const nlohmann::json::exception&) {
    return fail("the payload is no valid JSON, at byte " + std::to_string(position));
}

JsonCollector::Place JsonCollector::next_place() {
    if (levels_.empty()) return {&wanted_, ""};
    Level& level = levels_.back();
    if (!level.is_list) return std::exchange(named_, {});
    const std::size_t index = level.count++;
    if (level.place.node == nullptr || !level.place.node->element) return {};
    if (index >= limits::kJsonElementsMax) return {};
    return {level.place.node->element.get(), element_path(level.place.path, index)};
}

bool JsonCollector::take(JsonField field) {
    if (levels_.empty()) return fail("the payload is no JSON object");
    const Place place = next_place();
    if (place.node != nullptr) fields_[place.path] = std::move(field);
    return true;
}

bool JsonCollector::enter(bool list) {
    if (levels_.empty() && list) return fail("the payload is no JSON object");
    if (levels_.size() >= limits::kJsonDepthMax) return fail("the payload is nested too deeply");
    Place place = next_place();
    if (place.node != nullptr) {
        fields_[place.path] = JsonField{list ? Kind::list : Kind::object, {}, {}, {}};
    }
    levels_.push_back({std::move(place), list, 0});
    return true;
}

bool JsonCollector::leave() {
    const Level& level = levels_.back();
    if (level.is_list && level.place.node != nullptr) {
        fields_[level.place.path].elements = std::min(level.count, limits::kJsonElementsMax);
    }
    levels_.pop_back();
    return true;
}

bool JsonCollector::fail(const std::string& why) {
    if (fault_.empty()) fault_ = why;
    return false;
}

}  // namespace lastgood::forge
