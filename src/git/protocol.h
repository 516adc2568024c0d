// What daemon and worker say to each other: one JSON object a line, in turn.
//
// request: {"op":NAME,"remote":{…},…}; answer: {"ok":true,"value":…} or
// {"ok":false,"what","mend","permanent"}. Both ends are the same program, so no version is sent.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lastgood/git/session.h"

namespace lastgood::git {

enum class Op { list_tip, fetch, verify, materialise, seal, remove_releases, maintain, examine };

struct Request {
    Op op = Op::list_tip;
    Remote remote;
    FetchRequest fetch;                             // fetch
    std::optional<VerifyRequest> verify;            // verify
    std::optional<MaterialiseRequest> materialise;  // materialise
    std::string directory;                          // seal; examine: the real mirror
    RemoveRequest remove;                           // remove_releases
};

// Lines without their newline.
std::string encode(const Request& request);
Expected<Request> decode_request(std::string_view line);

std::string encode_answer(const GitResult<std::optional<CommitId>>& result);
std::string encode_answer(const GitResult<FetchResult>& result);
std::string encode_answer(const GitResult<Released>& result);
std::string encode_answer(const GitResult<bool>& result);
std::string encode_answer(const GitResult<std::uint64_t>& result);
std::string encode_answer(const GitResult<std::vector<std::string>>& result);
std::string encode_answer(const GitResult<std::vector<Finding>>& result);

// For the types above. An answer that can't be read is a failure of its own.
template <typename T>
GitResult<T> decode_answer(std::string_view line);

}  // namespace lastgood::git
