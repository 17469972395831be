// [Batch normalization], [a sum with an earlier value], [ReLU], in this order: each number is made
// of the one at its place.
#pragma once

#include "normalization.hpp"

namespace paribus {

class Pointwise : public Activation {
  public:
    // `beside` is the shape of what is added.
    Pointwise(const Description &its, Shape beside, int blocks)
        : Activation(its, blocks), beside_(beside), place_(its.beside) {}

    void forward(int, const Values &its, bool) override {
        if (!its.beside)
            map(its, [](float *) { return Vec{}; });
        else if (is_identity())
            map(its, [&](float *to) { return load(its.beside + (to - its.outputs)); });
        else {
            map(its, [](float *) { return Vec{}; }, false);
            each_beside([&](int there, int here) {
                for (int n = 0; n < beside_.channels * BLOCK; n += LANES)
                    store(its.outputs + here + n,
                          load(its.outputs + here + n) + load(its.beside + there + n));
            });
            for (int n = 0; relu_ && n < from_.size() * BLOCK; n += LANES)
                store(its.outputs + n, positive(load(its.outputs + n)));
        }
    }

    void reckon(int, const Values &its, float *gradients) override {
        if (its.beside)  // where it gets the same gradients, they must be right
            take_away_dead(its.outputs, gradients);
        for (int y = 0; y < from_.height; y++)
            each_part<SUMS / 3>(from_.channels, [&](auto channels, int first) {
                Vec sums[channels]{}, products[channels]{};
                for (int x = 0; x < from_.width; x++)
                    for (int c = 0; c < channels; c++)
                        for (int i = 0; i < BLOCK; i += LANES) {
                            const int n = from_.at(y, x, first + c) + i;
                            const Channel &channel = channels_[first + c];
                            const Vec input = load(its.inputs + n);
                            const Vec gradient = alive(channel, input, load(gradients + n));
                            sums[c] += gradient;
                            products[c] += gradient * (input - channel.mean);
                        }
                for (int c = 0; c < channels; c++) add_sums(first + c, sums[c], products[c]);
            });
    }

    void backward(int block, const Values &values, const Gradients &its) override {
        if (!normalized_) take_away_dead(values.outputs, its.by_outputs);
        if (its.by_beside) hand_beside(its.by_outputs, its.by_beside);
        if (!its.by_inputs) return;
        if (its.add)
            hand_back<true>(values.inputs, its);
        else
            hand_back<false>(values.inputs, its);
        clear_missing(block, its.by_inputs);
    }

    bool is_quick() const override { return true; }

  private:
    bool is_identity() const { return place_.step == 1 && beside_.channels == from_.channels; }

    static Vec positive(Vec value) {
        const Mask dead = value <= 0;
        return dead ? Vec{} : value;
    }

    // outputs = [ReLU](inputs * scale + shift + more)
    template <class F>
    void map(const Values &its, F more, bool last = true) {
        const bool relu = relu_ && last;
        for (int n = 0; n < from_.size() * BLOCK; n += from_.at(0, 1))
            for (int c = 0; c < from_.channels; c++)
                for (int i = 0; i < BLOCK; i += LANES) {
                    float *to = its.outputs + n + c * BLOCK + i;
                    const Vec value =
                        channels_[c].value(load(its.inputs + n + c * BLOCK + i)) + more(to);
                    store(to, relu ? positive(value) : value);
                }
    }

    void take_away_dead(const float *outputs, float *gradients) const {
        for (int n = 0; relu_ && n < from_.size() * BLOCK; n += LANES) {
            const Mask dead = load(outputs + n) == 0;
            store(gradients + n, dead ? Vec{} : load(gradients + n));
        }
    }

    // The gradient by an output, of which those of the dead are to be taken away now.
    Vec alive(const Channel &its, Vec input, Vec gradient) const {
        const Mask dead = relu_ && beside_.channels == 0 ? its.value(input) <= 0 : Mask{};
        return dead ? Vec{} : gradient;
    }

    // f(where a pixel of what is added begins, where its channels begin in the outputs).
    template <class F>
    void each_beside(F f) const {
        for (int y = 0; y < from_.height; y++)
            for (int x = 0; x < from_.width; x++)
                f(beside_.at(y * place_.step, x * place_.step), from_.at(y, x, place_.channel));
    }

    void hand_beside(const float *gradients, float *by_beside) const {
        std::fill_n(by_beside, beside_.size() * BLOCK, 0.0f);
        each_beside([&](int there, int here) {
            std::copy_n(gradients + here, beside_.channels * BLOCK, by_beside + there);
        });
    }

    template <bool ADD>
    void hand_back(const float *inputs, const Gradients &its) const {
        for (int n = 0; n < from_.size() * BLOCK; n += from_.at(0, 1))
            for (int c = 0; c < from_.channels; c++)
                for (int i = n + c * BLOCK; i < n + (c + 1) * BLOCK; i += LANES) {
                    Vec value = load(its.by_outputs + i);
                    if (normalized_) {
                        const Vec input = load(inputs + i);
                        value = alive(channels_[c], input, value) * channels_[c].scale +
                                channels_[c].by_input(input);
                    }
                    if (ADD) value += load(its.by_inputs + i);
                    store(its.by_inputs + i, value);
                }
    }

    Shape beside_;
    Beside place_;
};

}  // namespace paribus
