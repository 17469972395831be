// What every stage of a network has in common, and what those with weights share.
#pragma once

#include <algorithm>

#include "kernel.hpp"

namespace paribus {

// A block's numbers before and behind a stage; `beside` is what it adds, if it adds anything.
struct Values {
    const float *inputs, *beside;
    float *outputs;
};

// The loss's gradients by those numbers; null where nobody needs them.
struct Gradients {
    float *by_outputs;  // a stage may change them
    float *by_inputs, *by_beside;
    bool add;  // to what other stages have left in by_inputs
};

// A part of a network. A block goes forward through many of them before the next one does.
class Stage {
  public:
    virtual ~Stage() = default;
    // Once before a batch: bring what is learned into the order in which it is used.
    virtual void prepare(bool /*training*/) {}
    // Outputs from inputs. `training` keeps what `backward` needs.
    virtual void forward(int block, const Values &values, bool training) = 0;
    // The gradients by the inputs from those by the outputs.
    virtual void backward(int block, const Values &values, const Gradients &gradients) = 0;
    // Once after a batch: bring the gradients into torch's order.
    virtual void finish() {}
    // Whether its outputs are so quickly made again that nobody keeps them.
    virtual bool is_quick() const { return false; }
};

// Numbers that are learned, in torch's own memory; null where there are none.
struct Learned {
    const float *weight, *bias;
    float *weight_gradient, *bias_gradient;
};

struct Kernel {
    int height, width, pad_y, pad_x, stride_y, stride_x;
    int size() const { return height * width; }
};

struct Pooling {
    int height, width, stride_y, stride_x, pad_y, pad_x;
    int size() const { return height * width; }
};

// What a stage adds to its inputs: a value before it, every `step`-th of its rows and columns, as
// the channels from `channel` on.
struct Beside {
    int32_t value, step, channel;
};

enum class Kind : int32_t { convolution, pooled_convolution, activation, average, dropout };

// One stage as Python describes it (paribus.engine.vocabulary); what doesn't concern it is zero.
struct Description {
    Kind kind;
    int32_t source;  // the value that it reads: 0 are the images, n + 1 what stage n gives
    Beside beside;   // its value is -1 where nothing is added
    Shape from, to;
    Kernel kernel;
    Pooling pool;
    int32_t relu;
    int32_t cancelled;  // a batch normalization follows, which takes the bias away again
    double epsilon, momentum;
    Learned learned;
    float *running_mean, *running_variance;  // of a batch normalization

    bool normalized() const { return running_mean; }
    bool pools() const { return pool.size() > 1 || from.positions() != to.positions(); }
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
          cancelled_(its.cancelled), ordered_(size_t(taps_) * to_.channels), bias_(to_.channels),
          bias_sums_(size_t(to_.channels) * LANES) {}

    void prepare(bool) override {
        each_weight([&](int o, int y, int tap, ptrdiff_t theirs) {
            ordered_[ptrdiff_t{o} * taps_ + y * run_ + tap] = learned_.weight[theirs];
        });
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
        if (cancelled_ || !learned_.bias) return;
        for (int n = 0; n < to_.size() * BLOCK; n += to_.at(0, 1))
            for (int o = 0; o < to_.channels; o++) {
                Vec total = load(bias_sums_ + o * LANES);
                for (int i = n + o * BLOCK; i < n + (o + 1) * BLOCK; i += LANES) {
                    const Mask dead = winners ? load(winners + i) < 0 : Mask{};
                    total += dead ? Vec{} : load(gradients + i);
                }
                store(bias_sums_ + o * LANES, total);
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
    Buffer ordered_, bias_, bias_sums_;
};

}  // namespace paribus
