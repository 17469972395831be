// What every stage of a network has in common, and what those with weights share.
#pragma once

#include <algorithm>

#include "kernel.hpp"

namespace paribus {

// A part of a network. A block goes forward through many of them before the next one does.
class Stage {
  public:
    virtual ~Stage() = default;
    // Once before a batch: bring what is learned into the order in which it is used.
    virtual void prepare(bool /*training*/) {}
    // Outputs from inputs. `training` keeps what `backward` needs.
    virtual void forward(int block, const float *inputs, float *outputs, bool training) = 0;
    // The loss's gradient by the inputs (unless that is null) from that by the outputs.
    virtual void backward(int block, const float *inputs, const float *gradients,
                          float *by_inputs) = 0;
    // Once after a batch: bring the gradients into torch's order.
    virtual void finish() {}
};

// Numbers that are learned, in torch's own memory; null where there are none.
struct Learned {
    const float *weight, *bias;
    float *weight_gradient, *bias_gradient;
};

struct Kernel {
    int height, width, pad_y, pad_x;
    int size() const { return height * width; }
};

// Weights that slide over a picture. A linear layer is one whose kernel is the whole picture.
//
// torch has weights as [output][channel][row][column]. Here the taps of an output are
// [row][column][channel], so that those of a row lie side by side as the inputs under them do.
class Layer : public Stage {
  public:
    // `cancelled`: a batch normalisation follows, which takes the bias away again.
    Layer(Shape from, Shape to, Kernel k, Learned learned, bool cancelled)
        : from_(from), to_(to), k_(k),
          padded_{from.channels, from.height + 2 * k.pad_y, from.width + 2 * k.pad_x},
          run_(k.width * from.channels), taps_(k.height * run_), learned_(learned),
          cancelled_(cancelled), packed_(size_t(taps_) * to.channels), bias_(to.channels),
          bias_sums_(size_t(to.channels) * LANES) {}

    void prepare(bool) override {
        pack(packed_, to_.channels, taps_, [&](int o, int tap) { return weight(o, tap); });
        if (learned_.bias) std::copy_n(learned_.bias, to_.channels, +bias_);
        bias_sums_.clear();
    }

  protected:
    ptrdiff_t at(int o, int tap) const {
        const int channel = tap % from_.channels, place = tap / from_.channels;
        return (ptrdiff_t{o} * from_.channels + channel) * k_.size() + place;
    }
    float weight(int o, int tap) const { return learned_.weight[at(o, tap)]; }

    // `winners`: where it is negative, an output is dead; null where all live.
    void add_bias(const float *gradients, const int32_t *winners = nullptr) {
        if (!cancelled_)
            for (int n = 0; n < to_.size() * BLOCK; n += LANES) {
                float *sum_of = bias_sums_ + n / BLOCK % to_.channels * LANES;
                const Mask dead = winners ? load(winners + n) < 0 : Mask{};
                store(sum_of, load(sum_of) + (dead ? Vec{} : load(gradients + n)));
            }
    }

    // `weight_gradient(output, row, tap of the row)` says what has been summed up.
    template <class F>
    void hand_over(F weight_gradient) {
        for (int o = 0; o < to_.channels; o++) {
            for (int tap = 0; tap < taps_; tap++)
                learned_.weight_gradient[at(o, tap)] = weight_gradient(o, tap / run_, tap % run_);
            if (learned_.bias) learned_.bias_gradient[o] = sum(load(bias_sums_ + o * LANES));
        }
    }

    Shape from_, to_;
    Kernel k_;
    Shape padded_;
    int run_, taps_;  // taps of a row, and of an output
    Learned learned_;
    bool cancelled_;
    Buffer packed_, bias_, bias_sums_;
};

}  // namespace paribus
