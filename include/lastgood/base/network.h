// IP addresses and networks, as values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lastgood/base/error.h"

namespace lastgood {

// IPv4 is kept as IPv6 maps it (::ffff:a.b.c.d), so that one address has one value.
class IpAddress {
  public:
    // Dotted quad or IPv6, without a zone or brackets.
    static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] bool is_v4() const;
    [[nodiscard]] std::string text() const;
    // What one sender can't easily have many of: an IPv4 address, or the /64 of an IPv6 one.
    [[nodiscard]] IpAddress sender() const;

    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    auto operator<=>(const IpAddress&) const = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

class Network {
  public:
    // "10.0.0.0/8", "2001:db8::/32", or an address alone. An Error for anything else, also where
    // bits are set that the prefix leaves out: the writer meant one of two things.
    static Expected<Network> parse(std::string_view text);

    [[nodiscard]] bool contains(const IpAddress& address) const;
    [[nodiscard]] std::string text() const;
    bool operator==(const Network&) const = default;

  private:
    IpAddress base_;
    int prefix_ = 128;  // of 128, IPv4 as mapped
};

bool contains(const std::vector<Network>& networks, const IpAddress& address);

// 127.0.0.0/8 and ::1: this machine.
std::vector<Network> loopback_networks();

}  // namespace lastgood

template <>
struct std::hash<lastgood::IpAddress> {
    std::size_t operator()(const lastgood::IpAddress& address) const {
        const auto& bytes = address.bytes();
        return std::hash<std::string_view>{}(
            {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
};
