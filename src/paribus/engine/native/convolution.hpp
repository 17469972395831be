// A layer whose every output has a gradient.
#pragma once

#include <optional>
#include <vector>

#include "stage.hpp"
#include "winograd.hpp"

namespace paribus {

// The part of a kernel's row or column that lies inside of an image.
struct Inside {
    int begin, end;
    Inside(int first, int kernel, int side)
        : begin(std::max(0, -first)), end(std::min(kernel, side - first)) {}
    int size() const { return end - begin; }
};

// What a kernel sees of an image at (y, x), with the weights of a tile of outputs.
inline Factors seen(const float *inputs, Shape from, Kernel k, const float *weights, int outputs,
                    int y, int x) {
    const int top = y * k.stride_y - k.pad_y, left = x * k.stride_x - k.pad_x;
    const Inside rows(top, k.height, from.height), columns(left, k.width, from.width);
    if (rows.size() <= 0 || columns.size() <= 0) return {};
    const ptrdiff_t pixel = from.at(0, 1), column = ptrdiff_t{from.channels} * outputs;
    return {inputs + from.at(top + rows.begin, left + columns.begin),
            weights + (rows.begin * k.width + columns.begin) * column,
            BLOCK,
            outputs,
            pixel * from.width,
            k.width * column,
            columns.size() * from.channels,
            rows.size()};
}

// Adds a convolution's outputs at (y, x), or at that position and those right of it.
template <int POSITIONS, int OUTPUTS>
void convolve_at(Sums<POSITIONS, OUTPUTS> &sums, const float *inputs, Shape from, Kernel k,
                 const float *weights, int y, int x) {
    multiply_add(sums, seen(inputs, from, k, weights, OUTPUTS, y, x), from.at(0, k.stride_x));
}

template <int POSITIONS, int OUTPUTS>
void begin_with(Sums<POSITIONS, OUTPUTS> &sums, const float *bias) {
    for (auto &position : sums.of)
        for (int o = 0; o < OUTPUTS; o++)
            for (Vec &part : position[o]) part = every(bias[o]);
}

// Calls f(number of positions side by side, x, how often) until `count` positions from x on are
// done: two side by side where there are registers for them; one after the other where all see
// whole rows of the kernel.
template <class F>
void side_by_side(Shape from, Kernel k, int x, int count, F f) {
    const int end = x + count;
    const int first = std::min(end, std::max(x, (k.pad_x + k.stride_x - 1) / k.stride_x));
    const int room = from.width + k.pad_x - k.width;
    const int last = room < 0 ? first : std::min(end, room / k.stride_x + 1);
    constexpr std::integral_constant<int, SIDE_BY_SIDE> most{};
    constexpr std::integral_constant<int, 1> one{};
    while (x < first) f(one, x++, 1);
    if (const int steps = (last - x) / SIDE_BY_SIDE; steps > 0) {
        f(most, x, steps);
        x += steps * SIDE_BY_SIDE;
    }
    while (x < end) f(one, x++, 1);
}

// Positions of an image: so many rows and columns, every `step`-th from the first on.
struct Grid {
    int y, x, step_y, step_x, height, width;
};

// A convolution whose outputs lie on a grid, with weights of its own.
class Sliding {
  public:
    Sliding(Shape from, Shape to, Kernel k, Grid grid)
        : from_(from), to_(to), k_(k), grid_(grid), none_(to.channels) {
        if (pays())
            winograd_.emplace(from, to, k.pad_y, k.pad_x);
        else
            weights_ = Buffer(size_t(k.size()) * from.channels * to.channels);
    }

    // `weight(output, place)`: where the weights of all channels at a place of the kernel begin.
    template <class F>
    void take_weights(F weight) {
        if (winograd_)
            winograd_->take_weights(weight);
        else
            pack(weights_, to_.channels, k_.size(), from_.channels,
                 [&](int o, int place, int channel) { return weight(o, place, channel); });
    }

    // Outputs begin with the bias, or with what is there.
    void convolve(const float *inputs, const float *bias, float *outputs) {
        if (winograd_)
            winograd_->convolve(inputs, bias, outputs);
        else
            for (int y = 0; y < grid_.height; y++) convolve_row(inputs, bias, outputs, y);
    }
    void add(const float *inputs, float *outputs) { convolve(inputs, nullptr, outputs); }
    void write(const float *inputs, float *outputs) { convolve(inputs, none_, outputs); }

  private:
    // Whether fewer multiplications are worth the way there and back.
    bool pays() const {
        const bool plain = k_.height == 3 && k_.width == 3 && k_.stride_y == 1 &&
                           k_.stride_x == 1 && grid_.step_y == 1 && grid_.step_x == 1;
        return plain && std::min(from_.channels, to_.channels) >= 32 && to_.positions() >= 4;
    }

    void convolve_row(const float *inputs, const float *bias, float *outputs, int y) const {
        each_part<TILE>(to_.channels, [&](auto size, int first) {
            const float *weights = weights_ + ptrdiff_t{first} * k_.size() * from_.channels;
            side_by_side(from_, k_, 0, grid_.width, [&](auto positions, int x, int steps) {
                const int to_y = grid_.y + y * grid_.step_y, to_x = grid_.x + x * grid_.step_x;
                multiply_along<positions, size>(
                    seen(inputs, from_, k_, weights, size, y, x),
                    {bias ? bias + first : nullptr, outputs + to_.at(to_y, to_x, first),
                     from_.at(0, k_.stride_x), to_.at(0, grid_.step_x), 0, steps});
            });
        });
    }

    Shape from_, to_;
    Kernel k_;
    Grid grid_;
    Buffer none_, weights_;
    std::optional<Winograd> winograd_;
};

// By the inputs, a convolution's gradient is a convolution too: with the kernel turned by half a
// turn. With a stride, the inputs of every remainder of their position by it have one of their
// own, whose kernel has every stride-th row and column.
class Turned {
  public:
    Turned(Shape from, Shape to, Kernel k) : k_(k) {
        for (int row = 0; row < k.stride_y; row++)
            for (int column = 0; column < k.stride_x; column++) {
                const Side y(row, k.height, k.pad_y, k.stride_y, from.height),
                    x(column, k.width, k.pad_x, k.stride_x, from.width);
                const Kernel its{y.taps, x.taps, y.pad, x.pad, 1, 1};
                parts_.push_back({row,
                                  column,
                                  its,
                                  {to,
                                   from,
                                   its,
                                   {y.first, x.first, k.stride_y, k.stride_x, y.count, x.count}}});
            }
    }

    // `weight(output, place)`: where the weights of all channels at a place of the kernel begin.
    template <class F>
    void take_weights(F weight) {
        for (Part &its : parts_)
            its.sliding.take_weights([&](int channel, int place, int o) {
                const int y = its.row + (its.k.height - 1 - place / its.k.width) * k_.stride_y;
                const int x = its.column + (its.k.width - 1 - place % its.k.width) * k_.stride_x;
                return weight(o, y * k_.width + x)[channel];
            });
    }

    void convolve(const float *gradients, float *by_inputs, bool add) {
        for (Part &its : parts_)
            if (add)
                its.sliding.add(gradients, by_inputs);
            else
                its.sliding.write(gradients, by_inputs);
    }

  private:
    // Rows or columns of one remainder: the first, how many, and the taps of their kernel.
    struct Side {
        int taps, first, count, pad;
        Side(int remainder, int kernel, int margin, int stride, int side)
            : taps((kernel - remainder + stride - 1) / stride),
              first(((remainder - margin) % stride + stride) % stride),
              count(std::max(0, (side - first + stride - 1) / stride)),
              pad(taps - 1 - (first + margin - remainder) / stride) {}
    };
    struct Part {
        int row, column;
        Kernel k;
        Sliding sliding;
    };

    Kernel k_;
    std::vector<Part> parts_;
};

class Convolution : public Layer {
  public:
    explicit Convolution(const Description &its)
        : Layer(its), sliding_(from_, to_, k_, {0, 0, 1, 1, to_.height, to_.width}),
          turned_(from_, to_, k_), filled_up_((taps_ + BLOCK - 1) / BLOCK * BLOCK),
          flat_(k_.height == from_.height && k_.width == from_.width && !k_.pad_y && !k_.pad_x),
          weight_sums_(size_t(to_.channels) * (flat_ ? filled_up_ : taps_ * LANES)),
          rows_(std::max(1, NEAR / to_.width)), ring_((rows_ - 1) * k_.stride_y + k_.height),
          input_rows_(size_t(flat_ ? BLOCK * filled_up_ : ring_ * padded_.at(1, 0))),
          gradient_rows_(size_t(rows_ * to_.at(1, 0))) {}

    void prepare(bool training) override {
        Layer::prepare(training);
        sliding_.take_weights(
            [&](int o, int place, int channel) { return weight(o, place)[channel]; });
        weight_sums_.clear();
        turned_ready_ = false;
    }

    void forward(int, const Values &its, bool) override {
        sliding_.convolve(its.inputs, bias_, its.outputs);
    }

    void backward(int, const Values &values, const Gradients &its) override {
        add_bias(its.by_outputs);
        if (flat_)
            add_products(values.inputs, its.by_outputs);
        else
            add_weights(values.inputs, its.by_outputs);
        if (its.by_inputs) {
            if (!turned_ready_)
                turned_.take_weights([&](int o, int place) { return weight(o, place); });
            turned_ready_ = true;
            turned_.convolve(its.by_outputs, its.by_inputs, its.add);
        }
    }

    void finish() override {
        hand_over([&](int o, int row, int tap) {
            const ptrdiff_t n = row * run_ + tap;
            return flat_ ? weight_sums_[o * ptrdiff_t{filled_up_} + n]
                         : sum(load(weight_sums_ + (o * ptrdiff_t{taps_} + n) * LANES));
        });
    }

  private:
    // ---- of a single position: with images as rows, one more product of matrices ----------------

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

    // ---- of many positions: sums over them of outputs x channels at one place of the kernel -----

    // Sums at a time, each of one vector: what is loaded serves several times.
    static constexpr int SOME_OUTPUTS = LANES == 4 ? 2 : 4, SOME_CHANNELS = LANES == 8 ? 3 : 5;
    static constexpr int NEAR = 32;  // positions whose numbers stay in the first cache

    void add_weights(const float *inputs, const float *gradients) {
        for (int y = 0, ready = 0; y < to_.height; y += rows_) {
            const int end = std::min(y + rows_, to_.height);
            for (; ready < (end - 1) * k_.stride_y + k_.height; ready++)
                bring_row(inputs, ready - k_.pad_y, input_row(ready));
            for (int row = y; row < end; row++)
                in_parts<SOME_OUTPUTS>(gradients + to_.at(row, 0), to_,
                                       gradient_rows_ + to_.at(row - y, 0), to_.width, 0);
            add_rows(y, end);
        }
    }

    // A row of the inputs and their padding. As many are kept as a few rows of outputs see, so that
    // they stay in the second cache.
    float *input_row(int row) const { return input_rows_ + padded_.at(row % ring_, 0); }

    void bring_row(const float *inputs, int y, float *to) const {
        if (y >= 0 && y < from_.height)
            in_parts<SOME_CHANNELS>(inputs + from_.at(y, 0), from_, to, padded_.width, k_.pad_x);
        else
            std::fill_n(to, padded_.at(1, 0), 0.0f);
    }

    // From a row's [column][channel] to [part of the channels][column][channel of the part].
    template <int MOST>
    static void in_parts(const float *row, Shape shape, float *parts, int width, int margin) {
        each_part<MOST>(shape.channels, [&](auto size, int first) {
            float *to = parts + (ptrdiff_t{first} * width + margin * size) * BLOCK;
            for (int x = 0; x < shape.width; x++)
                std::memcpy(to + x * size * BLOCK, row + shape.at(0, x, first),
                            sizeof(float) * size * BLOCK);
        });
    }

    void add_rows(int y_begin, int y_end) {
        each_part<SOME_OUTPUTS>(to_.channels, [&](auto outputs, int output) {
            each_part<SOME_CHANNELS>(from_.channels, [&](auto channels, int channel) {
                add_tiles<outputs, channels>(y_begin, y_end, output, channel);
            });
        });
    }

    // At every place of the kernel.
    template <int OUTPUTS, int CHANNELS>
    [[gnu::noinline]] void add_tiles(int y_begin, int y_end, int output, int channel) {
        const ptrdiff_t inputs = ptrdiff_t{channel} * padded_.width * BLOCK;
        const ptrdiff_t gradients = ptrdiff_t{output} * to_.width * BLOCK;
        float *const sums = weight_sums_ + (ptrdiff_t{output} * taps_ + channel) * LANES;
        for (int row = 0; row < k_.height; row++)
            for (int column = 0; column < k_.width; column++) {
                Patch<OUTPUTS, CHANNELS> tile{};
                for (int y = y_begin; y < y_end; y++)
                    add_products(
                        tile, input_row(y * k_.stride_y + row) + inputs + column * CHANNELS * BLOCK,
                        gradient_rows_ + to_.at(y - y_begin, 0) + gradients);
                tile.add_to(sums + (row * run_ + column * from_.channels) * LANES,
                            ptrdiff_t{taps_} * LANES);
            }
    }

    template <int OUTPUTS, int CHANNELS>
    [[gnu::always_inline]] void add_products(Patch<OUTPUTS, CHANNELS> &tile, const float *inputs,
                                             const float *gradients) const {
        const ptrdiff_t step = ptrdiff_t{CHANNELS} * BLOCK * k_.stride_x;
        for (int n = 0; n < to_.width; n++, inputs += step, gradients += OUTPUTS * BLOCK)
            for (int i = 0; i < BLOCK; i += LANES) {
                Vec its[CHANNELS];
                for (int c = 0; c < CHANNELS; c++) its[c] = load(inputs + c * BLOCK + i);
                for (int o = 0; o < OUTPUTS; o++) {
                    const Vec gradient = load(gradients + o * BLOCK + i);
                    for (int c = 0; c < CHANNELS; c++) tile.of[o][c] += gradient * its[c];
                }
            }
    }

    Sliding sliding_;
    Turned turned_;
    bool turned_ready_ = false;
    int filled_up_;       // taps, to whole blocks
    bool flat_;           // the kernel is the whole image
    Buffer weight_sums_;  // [output][row][column][channel][lane]; of a single position, no lanes
    int rows_, ring_;     // rows of outputs at a time, and of inputs that they see
    Buffer input_rows_, gradient_rows_;
};

}  // namespace paribus
