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

struct Pooling {
    int height, width, stride_y, stride_x, pad_y, pad_x;
};

enum class Kind : int32_t { convolution, pooled_convolution, activation, dropout };

// One stage as Python describes it (paribus.engine.vocabulary); what doesn't concern it is zero.
struct Description {
    Kind kind;
    Shape from, to;
    Kernel kernel;
    Pooling pool;
    int32_t relu;
    int32_t cancelled;  // a batch normalization follows, which takes the bias away again
    double epsilon, momentum;
    Learned learned;
    float *running_mean, *running_variance;  // of a batch normalization

    bool normalized() const { return running_mean; }
};

// Weights that slide over an image. A linear layer is one whose kernel is the whole image.
//
// torch has weights as [output][channel][row][column]. Here the taps of an output are
// [row][column][channel], so that those of a row lie side by side as the inputs under them do.
class Layer : public Stage {
  public:
    explicit Layer(const Description &its)
        : from_(its.from), to_(its.to), k_(its.kernel),
          padded_{from_.channels, from_.height + 2 * k_.pad_y, from_.width + 2 * k_.pad_x},
          run_(k_.width * from_.channels), taps_(k_.height * run_), learned_(its.learned),
          cancelled_(its.cancelled), ordered_(size_t(taps_) * to_.channels),
          packed_(ordered_.count()), bias_(to_.channels), bias_sums_(size_t(to_.channels) * LANES) {
    }

    void prepare(bool) override {
        each_weight([&](int o, int y, int tap, ptrdiff_t theirs) {
            ordered_[ptrdiff_t{o} * taps_ + y * run_ + tap] = learned_.weight[theirs];
        });
        pack(packed_, to_.channels, k_.size(), from_.channels,
             [&](int o, int place, int channel) { return weight(o, place)[channel]; });
        if (learned_.bias) std::copy_n(learned_.bias, to_.channels, +bias_);
        bias_sums_.clear();
    }

  protected:
    // f(output, row, tap of the row, where the weight is in torch's order).
    template <class F>
    void each_weight(F f) const {
        ptrdiff_t theirs = 0;
        for (int o = 0; o < to_.channels; o++)
            for (int channel = 0; channel < from_.channels; channel++)
                for (int y = 0; y < k_.height; y++)
                    for (int x = 0; x < k_.width; x++)
                        f(o, y, x * from_.channels + channel, theirs++);
    }

    // An output's weights at a place of the kernel and from there on.
    const float *weight(int o, int place) const {
        return ordered_ + (ptrdiff_t{o} * k_.size() + place) * from_.channels;
    }

    // `winners`: where it is negative, an output is dead; null where all live.
    void add_bias(const float *gradients, const int32_t *winners = nullptr) {
        if (!cancelled_)
            for (int n = 0; n < to_.size() * BLOCK; n += LANES) {
                float *sum_of = bias_sums_ + n / BLOCK % to_.channels * LANES;
                const Mask dead = winners ? load(winners + n) < 0 : Mask{};
                store(sum_of, load(sum_of) + (dead ? Vec{} : load(gradients + n)));
            }
    }

    // `gradient(output, row, tap of the row)` says what has been summed up for a weight.
    template <class F>
    void hand_over(F gradient) {
        each_weight([&](int o, int y, int tap, ptrdiff_t theirs) {
            learned_.weight_gradient[theirs] = gradient(o, y, tap);
        });
        for (int o = 0; learned_.bias && o < to_.channels; o++)
            learned_.bias_gradient[o] = sum(load(bias_sums_ + o * LANES));
    }

    Shape from_, to_;
    Kernel k_;
    Shape padded_;
    int run_, taps_;  // taps of a row, and of an output
    Learned learned_;
    bool cancelled_;
    Buffer ordered_, packed_, bias_, bias_sums_;
};

}  // namespace paribus
