// The values of a group's keys: JSON objects, one for each kind of core/fleet_view.h (pure).
//
// Members that a reader doesn't know are left alone, and what has its default is left out, so that
// hosts of two versions read each other. Texts of people are cut to kReasonBytesMax. A reading
// gives an Error, worded for people, where a value is none; it never throws.
#pragma once

#include <string>
#include <string_view>

#include "lastgood/base/error.h"
#include "lastgood/core/fleet_view.h"
#include "lastgood/core/rollout.h"

namespace lastgood::fleet {

std::string encode(const core::Proposal& value);
std::string encode(const core::Wish& value);
std::string encode(const core::Rollout& value);
std::string encode(const core::FleetGood& value);
std::string encode(const core::BadCommit& value);
std::string encode(const core::Grant& value);
std::string encode(const core::FleetEntry& value);
std::string encode(const core::FleetPause& value);
std::string encode(const core::HostRecord& value);
std::string encode(const core::HostApp& value);
std::string encode(const core::FleetValue& value);

template <typename T>
Expected<T> decode(std::string_view json) = delete;
template <>
Expected<core::Proposal> decode<core::Proposal>(std::string_view json);
template <>
Expected<core::Wish> decode<core::Wish>(std::string_view json);
template <>
Expected<core::Rollout> decode<core::Rollout>(std::string_view json);
template <>
Expected<core::FleetGood> decode<core::FleetGood>(std::string_view json);
template <>
Expected<core::BadCommit> decode<core::BadCommit>(std::string_view json);
template <>
Expected<core::Grant> decode<core::Grant>(std::string_view json);
template <>
Expected<core::FleetEntry> decode<core::FleetEntry>(std::string_view json);
template <>
Expected<core::FleetPause> decode<core::FleetPause>(std::string_view json);
template <>
Expected<core::HostRecord> decode<core::HostRecord>(std::string_view json);
template <>
Expected<core::HostApp> decode<core::HostApp>(std::string_view json);

}  // namespace lastgood::fleet
