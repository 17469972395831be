// A convolution whose every output has a gradient.
#pragma once

#include "stage.hpp"

namespace paribus {

struct Kernel {
    int height, width, pad_y, pad_x;
    int size() const { return height * width; }
};

// Weights as the inner loop takes them: [tile of outputs][tap][output of the tile].
// `weight(output, tap)` says which they are.
template <class F>
void pack(float *packed, Tiles outputs, int taps, F weight) {
    for (int tile = 0; tile < outputs.tiles(); tile++)
        for (int tap = 0; tap < taps; tap++)
            for (int o = 0; o < outputs.size(tile); o++)
                *packed++ = weight(outputs.begin(tile) + o, tap);
}

// The part of a kernel's row or column that lies inside of a picture: where it begins and ends.
struct Inside {
    int begin, end;
    Inside(int output, int pad, int kernel, int side)
        : begin(output < pad ? pad - output : 0),
          end(side + pad - output < kernel ? side + pad - output : kernel) {}
    bool whole(int kernel) const { return begin == 0 && end == kernel; }
};

// One position's sums, or those of two side by side where there are registers for them.
template <int POSITIONS, int OUTPUTS>
inline void add_window(Sums<POSITIONS, OUTPUTS> &sums, const float *inputs, Shape from, Kernel k,
                       const float *weights, int y, int x) {
    const Inside rows(y, k.pad_y, k.height, from.height), columns(x, k.pad_x, k.width, from.width);
    const int taps = (columns.end - columns.begin) * from.channels;
    if (taps <= 0 || rows.end <= rows.begin) return;
    const ptrdiff_t pixel = ptrdiff_t{BLOCK} * from.channels;
    const ptrdiff_t first = ptrdiff_t{rows.begin} * k.width + columns.begin;
    multiply_add(sums,
                 {inputs + from.at(y + rows.begin - k.pad_y, x + columns.begin - k.pad_x),
                  weights + first * from.channels * OUTPUTS, BLOCK, OUTPUTS, pixel * from.width,
                  ptrdiff_t{k.width} * from.channels * OUTPUTS, taps, rows.end - rows.begin},
                 pixel);
}

// Whether `count` positions from x on see whole rows of the kernel.
inline bool unpadded(Shape from, Kernel k, int x, int count) {
    return x >= k.pad_x && x + count - 1 + k.width <= from.width + k.pad_x;
}

constexpr int SIDE_BY_SIDE = REGISTERS == 32 ? 2 : 1;
constexpr int CONVOLUTION_TILE = TILE / SIDE_BY_SIDE;

// outputs = inputs * weights + bias; `weights` packed in tiles, a tap being [row][column][channel].
inline void convolve(const float *inputs, Shape from, Kernel k, const float *weights,
                     const float *bias, float *outputs, Shape to) {
    const Tiles tiles{to.channels, CONVOLUTION_TILE};
    const int taps = k.size() * from.channels;
    for (int tile = 0; tile < tiles.tiles(); tile++)
        with_constant<CONVOLUTION_TILE>(tiles.size(tile), [&](auto size) {
            const int first = tiles.begin(tile);
            auto compute = [&](auto positions, int y, int x) {
                Sums<positions, size> sums;
                start(sums, bias + first);
                add_window(sums, inputs, from, k, weights + ptrdiff_t{first} * taps, y, x);
                for (int p = 0; p < positions; p++)
                    std::memcpy(outputs + to.at(y, x + p, first), sums.of[p], sizeof sums.of[p]);
            };
            for (int y = 0; y < to.height; y++)
                for (int x = 0; x < to.width;)
                    if (x + SIDE_BY_SIDE <= to.width && unpadded(from, k, x, SIDE_BY_SIDE)) {
                        compute(std::integral_constant<int, SIDE_BY_SIDE>{}, y, x);
                        x += SIDE_BY_SIDE;
                    } else {
                        compute(std::integral_constant<int, 1>{}, y, x++);
                    }
        });
}

// A picture with a margin of zeros around it.
inline void pad(const float *inputs, Shape from, int pad_y, int pad_x, float *padded) {
    const Shape to{from.channels, from.height + 2 * pad_y, from.width + 2 * pad_x};
    const size_t row = size_t{sizeof(float)} * from.at(1, 0);
    for (int y = 0; y < from.height; y++)
        std::memcpy(padded + to.at(y + pad_y, pad_x), inputs + from.at(y, 0), row);
}

class Convolution : public Stage {
  public:
    // `cancelled`: a batch normalisation follows, which takes the bias away again.
    Convolution(Shape from, Shape to, Kernel k, Learned learned, bool cancelled)
        : from_(from), to_(to), k_(k), learned_(learned), cancelled_(cancelled),
          padded_{from.channels, from.height + 2 * k.pad_y, from.width + 2 * k.pad_x},
          taps_(k.size() * from.channels), run_(k.width * from.channels),
          packed_(size_t(taps_) * to.channels), turned_(packed_.count()), bias_(to.channels),
          none_(from.channels), padded_inputs_(size_t(padded_.size()) * BLOCK),
          weight_sums_(packed_.count() * LANES), bias_sums_(size_t(to.channels) * LANES) {}

    void prepare(bool training) override {
        pack(packed_, {to_.channels, CONVOLUTION_TILE}, taps_,
             [&](int o, int tap) { return weight(o, tap % from_.channels, tap / from_.channels); });
        if (learned_.bias) std::memcpy(bias_, learned_.bias, to_.channels * sizeof(float));
        if (!training) return;
        // By the inputs, the gradient is a convolution too: with the kernel turned by half a turn.
        pack(turned_, {from_.channels, CONVOLUTION_TILE}, k_.size() * to_.channels,
             [&](int channel, int tap) {
                 return weight(tap % to_.channels, channel, k_.size() - 1 - tap / to_.channels);
             });
        weight_sums_.clear();
        bias_sums_.clear();
    }

    void forward(int, const float *inputs, float *outputs, bool) override {
        convolve(inputs, from_, k_, packed_, bias_, outputs, to_);
    }

    void backward(int, const float *inputs, const float *gradients, float *by_inputs) override {
        if (!cancelled_) add_bias(gradients);
        if (k_.pad_y || k_.pad_x) {
            pad(inputs, from_, k_.pad_y, k_.pad_x, padded_inputs_);
            inputs = padded_inputs_;
        }
        // A few rows at a time, which stay in the first cache, enough for sums to pay.
        const int rows = (ENOUGH + to_.width - 1) / to_.width;
        for (int y = 0; y < to_.height; y += rows)
            add_weights(inputs, gradients, y, y + rows < to_.height ? y + rows : to_.height);
        if (by_inputs) {
            const Kernel turned{k_.height, k_.width, k_.height - 1 - k_.pad_y,
                                k_.width - 1 - k_.pad_x};
            convolve(gradients, to_, turned, turned_, none_, by_inputs, from_);
        }
    }

    void finish() override {
        for (int o = 0; o < to_.channels; o++) {
            for (int tap = 0; tap < taps_; tap++)
                learned_.weight_gradient[at(o, tap % from_.channels, tap / from_.channels)] =
                    sum(load(weight_sums_ + (ptrdiff_t{o} * taps_ + tap) * LANES));
            if (learned_.bias) learned_.bias_gradient[o] = sum(load(bias_sums_ + o * LANES));
        }
    }

  private:
    static constexpr int ENOUGH = 64;  // positions
    // Sums of outputs x taps, each of one vector: what is loaded serves several times.
    static constexpr int SOME_OUTPUTS = REGISTERS == 32 ? 4 : 2, SOME_TAPS = 5;

    ptrdiff_t at(int o, int channel, int place) const {
        return (ptrdiff_t{o} * from_.channels + channel) * k_.size() + place;
    }
    float weight(int o, int channel, int place) const { return learned_.weight[at(o, channel, place)]; }

    void add_bias(const float *gradients) {
        for (int position = 0; position < to_.positions(); position++)
            for (int o = 0; o < to_.channels; o++) {
                Vec total = load(bias_sums_ + o * LANES);
                for (int i = 0; i < PARTS; i++, gradients += LANES) total += load(gradients);
                store(bias_sums_ + o * LANES, total);
            }
    }

    void add_weights(const float *inputs, const float *gradients, int y_begin, int y_end) {
        const Tiles outputs{to_.channels, SOME_OUTPUTS}, taps{run_, SOME_TAPS};
        for (int row = 0; row < k_.height; row++)
            for (int t = 0; t < taps.tiles(); t++)
                for (int o = 0; o < outputs.tiles(); o++)
                    with_constant<SOME_OUTPUTS>(outputs.size(o), [&](auto some_outputs) {
                        with_constant<SOME_TAPS>(taps.size(t), [&](auto some_taps) {
                            add_tile<some_outputs, some_taps>(inputs, gradients, y_begin, y_end,
                                                              row, taps.begin(t), outputs.begin(o));
                        });
                    });
    }

    template <int OUTPUTS, int TAPS>
    void add_tile(const float *inputs, const float *gradients, int y_begin, int y_end, int row,
                  int tap, int output) {
        Vec sums[OUTPUTS][TAPS];
        float *const kept = weight_sums_ + ((ptrdiff_t{output} * k_.height + row) * run_ + tap) * LANES;
        const ptrdiff_t next = ptrdiff_t{taps_} * LANES;
        for (int o = 0; o < OUTPUTS; o++)
            for (int t = 0; t < TAPS; t++) sums[o][t] = load(kept + o * next + t * LANES);
        for (int i = 0; i < PARTS; i++)
            for (int y = y_begin; y < y_end; y++) {
                const float *x = inputs + padded_.at(y + row, 0) + tap * BLOCK + i * LANES;
                const float *g = gradients + to_.at(y, 0, output) + i * LANES;
                for (int n = 0; n < to_.width;
                     n++, x += from_.channels * BLOCK, g += to_.channels * BLOCK) {
                    Vec by[OUTPUTS];
#pragma GCC unroll 8
                    for (int o = 0; o < OUTPUTS; o++) by[o] = load(g + o * BLOCK);
#pragma GCC unroll 8
                    for (int t = 0; t < TAPS; t++) {
                        const Vec input = load(x + t * BLOCK);
#pragma GCC unroll 8
                        for (int o = 0; o < OUTPUTS; o++) sums[o][t] += by[o] * input;
                    }
                }
            }
        for (int o = 0; o < OUTPUTS; o++)
            for (int t = 0; t < TAPS; t++) store(kept + o * next + t * LANES, sums[o][t]);
    }

    Shape from_, to_;
    Kernel k_;
    Learned learned_;
    bool cancelled_;
    Shape padded_;
    int taps_, run_;
    Buffer packed_, turned_, bias_, none_, padded_inputs_;
    Buffer weight_sums_, bias_sums_;  // [output][row][column][channel][lane], [output][lane]
};

}  // namespace paribus
