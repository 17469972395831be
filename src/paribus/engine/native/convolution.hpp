// A layer whose every output has a gradient.
#pragma once

#include "stage.hpp"

namespace paribus {

// The part of a kernel's row or column that lies inside of an image.
struct Inside {
    int begin, end;
    Inside(int output, int pad, int kernel, int side)
        : begin(std::max(0, pad - output)), end(std::min(kernel, side + pad - output)) {}
    int size() const { return end - begin; }
};

// A convolution's outputs at (y, x), or at that position and those right of it.
template <int POSITIONS, int OUTPUTS>
Sums<POSITIONS, OUTPUTS> convolved(const float *inputs, Shape from, Kernel k, const float *weights,
                                   const float *bias, int y, int x) {
    Sums<POSITIONS, OUTPUTS> sums;
    for (auto &position : sums.of)
        for (int o = 0; o < OUTPUTS; o++)
            for (Vec &part : position[o]) part = every(bias[o]);
    const Inside rows(y, k.pad_y, k.height, from.height), columns(x, k.pad_x, k.width, from.width);
    if (rows.size() <= 0 || columns.size() <= 0) return sums;
    const ptrdiff_t pixel = from.at(0, 1), column = ptrdiff_t{from.channels} * OUTPUTS;
    multiply_add(
        sums,
        {inputs + from.at(y + rows.begin - k.pad_y, x + columns.begin - k.pad_x),
         weights + (rows.begin * k.width + columns.begin) * column, BLOCK, OUTPUTS,
         pixel * from.width, k.width * column, columns.size() * from.channels, rows.size()},
        pixel);
    return sums;
}

// Calls f(number of positions, x) until `count` positions from x on are done: two at a time where
// there are registers for them and both see whole rows of the kernel.
template <class F>
void side_by_side(Shape from, Kernel k, int x, int count, F f) {
    for (const int end = x + count; x < end;) {
        const bool whole = x >= k.pad_x && x + SIDE_BY_SIDE - 1 + k.width <= from.width + k.pad_x;
        if (whole && x + SIDE_BY_SIDE <= end) {
            f(std::integral_constant<int, SIDE_BY_SIDE>{}, x);
            x += SIDE_BY_SIDE;
        } else {
            f(std::integral_constant<int, 1>{}, x++);
        }
    }
}

inline void convolve(const float *inputs, Shape from, Kernel k, const float *weights,
                     const float *bias, float *outputs, Shape to) {
    each_part<TILE>(to.channels, [&](auto size, int first) {
        const float *its = weights + ptrdiff_t{first} * k.size() * from.channels;
        for (int y = 0; y < to.height; y++)
            side_by_side(from, k, 0, to.width, [&](auto positions, int x) {
                const auto sums =
                    convolved<positions, size>(inputs, from, k, its, bias + first, y, x);
                for (int p = 0; p < positions; p++)
                    std::memcpy(outputs + to.at(y, x + p, first), sums.of[p], sizeof sums.of[p]);
            });
    });
}

class Convolution : public Layer {
  public:
    explicit Convolution(const Description &its)
        : Layer(its), turned_(packed_.count()), none_(from_.channels),
          padded_inputs_(size_t(padded_.size()) * BLOCK),
          filled_up_((taps_ + BLOCK - 1) / BLOCK * BLOCK), flat_(to_.positions() == 1),
          weight_sums_(size_t(to_.channels) * (flat_ ? filled_up_ : taps_ * LANES)),
          input_rows_(size_t(BLOCK) * filled_up_), gradient_rows_(size_t(BLOCK) * to_.channels) {}

    void prepare(bool training) override {
        Layer::prepare(training);
        weight_sums_.clear();
        turned_ready_ = false;
    }

    void forward(int, const float *inputs, float *outputs, bool) override {
        convolve(inputs, from_, k_, packed_, bias_, outputs, to_);
    }

    void backward(int, const float *inputs, const float *gradients, float *by_inputs) override {
        add_bias(gradients);
        if (k_.pad_y || k_.pad_x) inputs = padded(inputs);
        if (flat_) {
            add_products(inputs, gradients);
        } else {  // as many rows at a time as stay in the first cache
            const int rows = std::max(1, NEAR / to_.at(1, 0));
            for (int y = 0; y < to_.height; y += rows)
                add_rows(inputs, gradients, y, std::min(y + rows, to_.height));
        }
        if (by_inputs) add_inputs(gradients, by_inputs);
    }

    void finish() override {
        hand_over([&](int o, int row, int tap) {
            const ptrdiff_t n = row * run_ + tap;
            return flat_ ? weight_sums_[o * ptrdiff_t{filled_up_} + n]
                         : sum(load(weight_sums_ + (o * ptrdiff_t{taps_} + n) * LANES));
        });
    }

  private:
    // By the inputs, the gradient is a convolution too: with the kernel turned by half a turn.
    void add_inputs(const float *gradients, float *by_inputs) {
        if (!turned_ready_)
            pack(turned_, from_.channels, k_.size(), to_.channels,
                 [&](int channel, int place, int o) {
                     return weight(o, k_.size() - 1 - place)[channel];
                 });
        turned_ready_ = true;
        const Kernel turned{k_.height, k_.width, k_.height - 1 - k_.pad_y, k_.width - 1 - k_.pad_x};
        convolve(gradients, to_, turned, turned_, none_, by_inputs, from_);
    }

    static constexpr int NEAR = 6000;  // numbers
    // Sums of outputs x taps, each of one vector: what is loaded serves several times.
    static constexpr int SOME_OUTPUTS = LANES == 4 ? 2 : 4, SOME_TAPS = LANES == 8 ? 3 : 5;

    const float *padded(const float *inputs) {
        for (int y = 0; y < from_.height; y++)
            std::copy_n(inputs + from_.at(y, 0), from_.at(1, 0),
                        padded_inputs_ + padded_.at(y + k_.pad_y, k_.pad_x));
        return padded_inputs_;
    }

    // Of a single position: with images as rows, one more product of matrices.
    void add_products(const float *inputs, const float *gradients) {
        for (int tap = 0; tap < taps_; tap += BLOCK)
            transpose(inputs + tap * BLOCK, BLOCK, input_rows_ + tap, filled_up_, taps_ - tap,
                      BLOCK);
        for (int o = 0; o < to_.channels; o += BLOCK)
            transpose(gradients + o * BLOCK, BLOCK, gradient_rows_ + o, to_.channels,
                      to_.channels - o, BLOCK);
        each_part<TILE>(to_.channels, [&](auto size, int first) {
            for (int tap = 0; tap < taps_; tap += BLOCK) {
                float *kept = weight_sums_ + ptrdiff_t{first} * filled_up_ + tap;
                Sums<1, size> sums;
                auto each_row = [&](auto copy) {
                    for (int o = 0; o < size; o++)
                        copy(kept + ptrdiff_t{o} * filled_up_, sums.of[0][o]);
                };
                each_row([](float *row, auto &its) { std::memcpy(its, row, sizeof its); });
                multiply_add(sums, {input_rows_ + tap, gradient_rows_ + first, filled_up_,
                                    to_.channels, 0, 0, BLOCK, 1});
                each_row([](float *row, auto &its) { std::memcpy(row, its, sizeof its); });
            }
        });
    }

    void add_rows(const float *inputs, const float *gradients, int y_begin, int y_end) {
        for (int row = 0; row < k_.height; row++)
            each_part<SOME_TAPS>(run_, [&](auto taps, int tap) {
                each_part<SOME_OUTPUTS>(to_.channels, [&](auto outputs, int output) {
                    add_tile<outputs, taps>(inputs, gradients, y_begin, y_end, row, tap, output);
                });
            });
    }

    template <int OUTPUTS, int TAPS>
    [[gnu::noinline]] void add_tile(const float *inputs, const float *gradients, int y_begin,
                                    int y_end, int row, int tap, int output) {
        float *const kept = weight_sums_ + (ptrdiff_t{output} * taps_ + row * run_ + tap) * LANES;
        Patch<OUTPUTS, TAPS> sums;
        sums.load_from(kept, ptrdiff_t{taps_} * LANES);
        for (int y = y_begin; y < y_end; y++) {
            const float *x = inputs + padded_.at(y + row, 0) + tap * BLOCK;
            const float *g = gradients + to_.at(y, 0, output);
            for (int n = 0; n < to_.width; n++, x += from_.at(0, 1), g += to_.at(0, 1))
                for (int i = 0; i < BLOCK; i += LANES) {
                    Vec by[OUTPUTS];
                    for (int o = 0; o < OUTPUTS; o++) by[o] = load(g + o * BLOCK + i);
                    for (int t = 0; t < TAPS; t++) {
                        const Vec input = load(x + t * BLOCK + i);
                        for (int o = 0; o < OUTPUTS; o++) sums.of[o][t] += by[o] * input;
                    }
                }
        }
        sums.store_to(kept, ptrdiff_t{taps_} * LANES);
    }

    Buffer turned_, none_, padded_inputs_;
    bool turned_ready_ = false;
    int filled_up_;  // taps, to whole blocks
    bool flat_;
    Buffer weight_sums_;  // [output][row][column][channel][lane]; of a single position, no lanes
    Buffer input_rows_, gradient_rows_;
};

}  // namespace paribus
