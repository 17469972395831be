// [Batch normalization], [ReLU], max pooling, as one stage.
#pragma once

#include "normalization.hpp"

namespace paribus {

class MaxPooling : public Activation {
  public:
    MaxPooling(const Description &its, int blocks)
        : Activation(its, blocks), to_(its.to), pool_(its.pool),
          apart_(pool_.stride_y >= pool_.height && pool_.stride_x >= pool_.width),
          everywhere_(pool_.stride_y <= pool_.height && pool_.stride_x <= pool_.width &&
                      to_.height * pool_.stride_y >= from_.height + pool_.pad_y &&
                      to_.width * pool_.stride_x >= from_.width + pool_.pad_x),
          window_(size_t(pool_.size())), winners_(to_, blocks),
          peaks_(normalized_ ? to_ : Shape{}, blocks) {}

    void forward(int block, const Values &its, bool) override {
        each_window([&](int place, auto count) {
            for (int c = 0; c < to_.channels; c++)
                for (int i = c * BLOCK; i < (c + 1) * BLOCK; i += LANES) {
                    Largest best;
                    Vec peak{};
                    for (int n = 0; n < count; n++) {
                        const Vec input = load(its.inputs + window_[n].pixel + i);
                        peak =
                            best.take(channels_[c].value(input), window_[n].number) ? input : peak;
                    }
                    const Mask dead = relu_ ? best.value <= 0 : Mask{};
                    store(its.outputs + place + i, dead ? Vec{} : best.value);
                    store(winners_.of(block) + place + i, dead ? Mask{} - 1 : best.number);
                    if (normalized_) store(peaks_.of(block) + place + i, peak);
                }
        });
    }

    void reckon(int block, const Values &, float *gradients) override {
        const int32_t *winners = winners_.of(block);
        const float *peaks = peaks_.of(block);
        for (int y = 0; y < to_.height; y++)
            each_part<SUMS / 3>(to_.channels, [&](auto channels, int first) {
                Vec sums[channels]{}, products[channels]{};
                for (int x = 0; x < to_.width; x++)
                    for (int c = 0; c < channels; c++)
                        for (int i = 0; i < BLOCK; i += LANES) {
                            const int n = to_.at(y, x, first + c) + i;
                            const Vec gradient =
                                load(winners + n) < 0 ? Vec{} : load(gradients + n);
                            sums[c] += gradient;
                            products[c] += gradient * (load(peaks + n) - channels_[first + c].mean);
                        }
                for (int c = 0; c < channels; c++) add_sums(first + c, sums[c], products[c]);
            });
    }

    void backward(int block, const Values &values, const Gradients &its) override {
        if (!its.by_inputs) return;
        if (!apart_ || !everywhere_) fill(values.inputs, its.by_inputs);
        each_window([&](int place, auto count) {
            for (int c = 0; c < to_.channels; c++)
                for (int i = c * BLOCK; i < (c + 1) * BLOCK; i += LANES) {
                    const Vec gradient = load(its.by_outputs + place + i) * channels_[c].scale;
                    const Mask winner = load(winners_.of(block) + place + i);
                    for (int n = 0; n < count; n++) {
                        const int pixel = window_[n].pixel + i;
                        const Vec before =
                            apart_ ? handed(c, values.inputs + pixel) : load(its.by_inputs + pixel);
                        store(its.by_inputs + pixel,
                              before + (winner == window_[n].number ? gradient : Vec{}));
                    }
                }
        });
        clear_missing(block, its.by_inputs);
    }

  private:
    // A pixel that a window sees.
    struct Seen {
        int number, pixel;  // in the window, and where it begins
    };

    // f(where a window's outputs begin, how many pixels it sees); window_ says which.
    template <class F>
    void each_window(F f) {
        for (int y = 0; y < to_.height; y++)
            for (int x = 0; x < to_.width; x++) {
                const int count =
                    look(y * pool_.stride_y - pool_.pad_y, x * pool_.stride_x - pool_.pad_x);
                if (count == 4)  // as good as all are
                    f(to_.at(y, x), std::integral_constant<int, 4>{});
                else
                    f(to_.at(y, x), count);
            }
    }

    int look(int top, int left) {
        int count = 0;
        for (int row = std::max(0, -top); row < std::min(pool_.height, from_.height - top); row++)
            for (int column = std::max(0, -left);
                 column < std::min(pool_.width, from_.width - left); column++)
                window_[count++] = {row * pool_.width + column, from_.at(top + row, left + column)};
        return count;
    }

    // What batch normalization hands to every position.
    Vec handed(int c, const float *input) const {
        return normalized_ ? channels_[c].by_input(load(input)) : Vec{};
    }

    void fill(const float *inputs, float *by_inputs) const {
        for (int n = 0; n < from_.size() * BLOCK; n += from_.at(0, 1))
            for (int c = 0; c < from_.channels; c++)
                for (int i = n + c * BLOCK; i < n + (c + 1) * BLOCK; i += LANES)
                    store(by_inputs + i, handed(c, inputs + i));
    }

    Shape to_;
    Pooling pool_;
    bool apart_, everywhere_;  // windows share no pixel; every pixel is in one
    std::vector<Seen> window_;
    PerBlock<int32_t> winners_;  // as the outputs: the number in the window, -1 if dead
    PerBlock<float> peaks_;      // as the outputs: the winners before normalization
};

}  // namespace paribus
