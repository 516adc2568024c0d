#include "daemon/sampler.h"

#include "lastgood/base/limits.h"

namespace lastgood::daemon {

void Sampler::begin() {
    wait(limits::kSampleFirst);
}

void Sampler::stop() {
    timer_.reset();
}

void Sampler::wait(Millis time) {
    timer_ = site_.loop.after(time, [this] {
        rows_.clear();
        read_next(0);
    });
}

void Sampler::read_next(std::size_t number) {
    if (number >= apps_.size()) return store();
    rows_.push_back(apps_[number]->sample());
    timer_ = site_.loop.after(Millis(0), [this, number] { read_next(number + 1); });
}

// A disk that refuses it says so for what matters more; a gap here is told once.
void Sampler::store() {
    wait(limits::kSampleEvery);
    if (rows_.empty()) return;
    const auto stored = site_.journal.add_samples(rows_, wall_now() - limits::kSamplesKept);
    if (!stored && !refused_) site_.log.warn("daemon", "samples: " + stored.error().text());
    refused_ = !stored.ok();
}

}  // namespace lastgood::daemon
