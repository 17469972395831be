// Convolution, ReLU and max pooling as one stage.
//
// Of each pooling window only the position that won has a gradient, and none has where it lost to
// zero. Which position that is differs from image to image; so the way back takes one image after
// the other, and vectors run over neighbouring taps instead:
//
//     weights:  for each live (output, position): gradient * the inputs under the kernel there
//     inputs:   for each window: sum over outputs of gradient * weights, shifted to the winner
#pragma once

#include <limits>

#include "convolution.hpp"

namespace paribus {

class PooledConvolution : public Stage {
  public:
    // Pooling takes squares of `pool` x `pool` that don't overlap.
    PooledConvolution(Shape from, Shape to, Kernel k, int pool, Learned learned, int blocks)
        : from_(from), to_(to), k_(k), pool_(pool), learned_(learned),
          padded_{from.channels, from.height + 2 * k.pad_y, from.width + 2 * k.pad_x},
          taps_(k.size() * from.channels), run_(k.width * from.channels),
          run_vecs_((run_ + LANES - 1) / LANES),
          patch_rows_(k.height + pool - 1),
          patch_vecs_(((k.width + pool - 1) * from.channels + LANES - 1) / LANES),
          image_(ptrdiff_t{padded_.size()}), packed_(size_t(taps_) * to.channels),
          bias_(to.channels), rows_(size_t(BLOCK) * image_), row_gradients_(rows_.count()),
          shifted_(size_t(to.channels) * pool * pool * patch_rows_ * patch_vecs_ * LANES),
          weight_sums_(size_t(to.channels) * k.height * run_vecs_ * LANES),
          bias_sums_(size_t(to.channels) * LANES),
          winners_(to, blocks), live_(size_t(to.size()) * BLOCK),
          counts_(size_t(to.positions()) * BLOCK), offsets_(size_t(1) + pool * pool) {
        for (int winner = 0; winner < pool * pool; winner++)
            offsets_[winner + 1] = offset(winner / pool, winner % pool);
    }

    void prepare(bool training) override {
        pack(packed_, {to_.channels, CONVOLUTION_TILE}, taps_, [&](int o, int tap) {
            return learned_.weight[at(o, tap % from_.channels, tap / from_.channels)];
        });
        if (learned_.bias) std::memcpy(bias_, learned_.bias, to_.channels * sizeof(float));
        if (!training) return;
        weight_sums_.clear();
        bias_sums_.clear();
        shifted_ready_ = false;
    }

    void forward(int block, const float *inputs, float *outputs, bool) override {
        int8_t *const winners = winners_.of(block);
        const Tiles tiles{to_.channels, CONVOLUTION_TILE};
        for (int tile = 0; tile < tiles.tiles(); tile++)
            with_constant<CONVOLUTION_TILE>(tiles.size(tile), [&](auto size) {
                for (int y = 0; y < to_.height; y++)
                    for (int x = 0; x < to_.width; x++)
                        pool_window<size>(inputs, outputs, winners, y, x, tiles.begin(tile));
            });
    }

    void backward(int block, const float *inputs, const float *gradients,
                  float *by_inputs) override {
        const int8_t *const winners = winners_.of(block);
        each_row([&](int in_block, int in_row, int count) {
            transpose(inputs + in_block, BLOCK, rows_ + in_row, image_, count, BLOCK);
        });
        add_bias(gradients, winners);
        for (int o = 0; o < to_.channels; o++) add_weights(gradients, winners, o);
        if (by_inputs) {
            if (!shifted_ready_) shift_weights();
            find_live(gradients, winners);
            row_gradients_.clear();
            add_inputs();
            each_row([&](int in_block, int in_row, int count) {
                transpose(row_gradients_ + in_row, image_, by_inputs + in_block, BLOCK, BLOCK, count);
            });
        }
    }

    void finish() override {
        for (int o = 0; o < to_.channels; o++) {
            for (int tap = 0; tap < taps_; tap++) {
                const int place = tap / from_.channels, row = place / k_.width;
                learned_.weight_gradient[at(o, tap % from_.channels, place)] =
                    weight_sums_[(ptrdiff_t{o} * k_.height + row) * run_vecs_ * LANES + tap -
                                 row * run_];
            }
            if (learned_.bias) learned_.bias_gradient[o] = sum(load(bias_sums_ + o * LANES));
        }
    }

  private:
    ptrdiff_t at(int o, int channel, int place) const {
        return (ptrdiff_t{o} * from_.channels + channel) * k_.size() + place;
    }

    // ---- forward: the largest of a window's positions, and which it is; -1 below zero ----------

    template <int OUTPUTS>
    void pool_window(const float *inputs, float *outputs, int8_t *winners, int y, int x,
                     int output) {
        Vec best[OUTPUTS][PARTS];
        Mask winner[OUTPUTS][PARTS] = {};
        for (auto &its : best)
            for (Vec &value : its) value = every(-std::numeric_limits<float>::infinity());
        const float *weights = packed_ + ptrdiff_t{output} * taps_;
        auto compete = [&](auto positions, int row, int column) {
            Sums<positions, OUTPUTS> sums;
            start(sums, bias_ + output);
            add_window(sums, inputs, from_, k_, weights, y * pool_ + row, x * pool_ + column);
            for (int p = 0; p < positions; p++) {
                const int code = row * pool_ + column + p;
                for (int o = 0; o < OUTPUTS; o++)
                    for (int i = 0; i < PARTS; i++) {
                        const Vec value = sums.of[p][o][i];
                        // What isn't a number wins, and stays: a loss must show it.
                        const Mask larger = (value > best[o][i]) | (value != value);
                        best[o][i] = larger ? value : best[o][i];
                        winner[o][i] = larger ? Mask{} + code : winner[o][i];
                    }
            }
        };
        for (int row = 0; row < pool_; row++)
            for (int column = 0; column < pool_;)
                if (column + SIDE_BY_SIDE <= pool_ &&
                    unpadded(from_, k_, x * pool_ + column, SIDE_BY_SIDE)) {
                    compete(std::integral_constant<int, SIDE_BY_SIDE>{}, row, column);
                    column += SIDE_BY_SIDE;
                } else {
                    compete(std::integral_constant<int, 1>{}, row, column++);
                }
        for (int o = 0; o < OUTPUTS; o++)
            for (int i = 0; i < PARTS; i++) {
                const ptrdiff_t place = to_.at(y, x, output + o) + i * LANES;
                const Mask dead = best[o][i] <= 0;
                store(outputs + place, dead ? Vec{} : best[o][i]);
                const Codes codes = __builtin_convertvector(dead ? Mask{} - 1 : winner[o][i], Codes);
                std::memcpy(winners + place, &codes, sizeof codes);
            }
    }

    // ---- backward ------------------------------------------------------------------------------

    // Where in a picture's rows a pixel begins.
    int offset(int y, int x) const { return (y * padded_.width + x) * from_.channels; }

    // Between blocks and rows; f(numbers in the block, numbers in the first image's rows, count).
    template <class F>
    void each_row(F f) const {
        const bool whole = padded_.size() == from_.size();  // then all rows are one
        const int width = whole ? from_.size() : from_.width * from_.channels;
        for (int y = 0; y < (whole ? 1 : from_.height); y++)
            for (int n = 0; n < width; n += BLOCK)
                f(from_.at(y, 0) + n * BLOCK, offset(y + k_.pad_y, k_.pad_x) + n, width - n);
    }

    void add_bias(const float *gradients, const int8_t *winners) {
        for (ptrdiff_t n = 0; n < to_.size(); n++) {
            float *sums = bias_sums_ + n % to_.channels * LANES;
            for (int i = 0; i < PARTS; i++) {
                Codes winner;
                std::memcpy(&winner, winners + n * BLOCK + i * LANES, sizeof winner);
                const Mask dead = __builtin_convertvector(winner, Mask) < 0;
                const Vec gradient = load(gradients + n * BLOCK + i * LANES);
                store(sums, load(sums) + (dead ? Vec{} : gradient));
            }
        }
    }

    // For one output: what is alive, image by image, then gradient * inputs for all taps.
    void add_weights(const float *gradients, const int8_t *winners, int o) {
        const int windows = to_.positions();
        int counts[BLOCK] = {};
        for (int window = 0; window < windows; window++) {
            const ptrdiff_t place = (ptrdiff_t{window} * to_.channels + o) * BLOCK;
            const int corner = offset(window / to_.width * pool_, window % to_.width * pool_);
            for (int image = 0; image < BLOCK; image++) {
                const int winner = winners[place + image];
                // Written in any case, kept if alive: there is nothing to guess for the processor.
                live_[image * windows + counts[image]] = {gradients[place + image],
                                                          corner + offsets_[winner + 1]};
                counts[image] += winner >= 0;
            }
        }
        Patches(k_.height, run_vecs_).each([&](int row, int vec, auto high, auto wide) {
            Patch<high, wide> patch;
            float *sums = weight_sums_ + ((ptrdiff_t{o} * k_.height + row) * run_vecs_ + vec) * LANES;
            for (int r = 0; r < high; r++)
                for (int v = 0; v < wide; v++) patch.of[r][v] = load(sums + (r * run_vecs_ + v) * LANES);
            const ptrdiff_t step = ptrdiff_t{padded_.width} * from_.channels;
            for (int image = 0; image < BLOCK; image++)
                add_live(patch, &live_[image * windows], counts[image],
                         rows_ + image * image_ + row * step + vec * LANES, step);
            for (int r = 0; r < high; r++)
                for (int v = 0; v < wide; v++) store(sums + (r * run_vecs_ + v) * LANES, patch.of[r][v]);
        });
    }

    // Patch after patch: [output][winner][row][column and channel], zero where the kernel isn't.
    void shift_weights() {
        shifted_.clear();
        float *to = shifted_;
        Patches(patch_rows_, patch_vecs_).each([&](int first, int vec, auto high, auto wide) {
            for (int o = 0; o < to_.channels; o++)
                for (int winner = 0; winner < pool_ * pool_; winner++)
                    for (int r = 0; r < high; r++)
                        for (int n = 0; n < wide * LANES; n++) {
                            const int row = first + r - winner / pool_;
                            const int tap = vec * LANES + n - winner % pool_ * from_.channels;
                            const bool inside = row >= 0 && row < k_.height && tap >= 0 && tap < run_;
                            *to++ = inside ? learned_.weight[at(o, tap % from_.channels,
                                                                row * k_.width + tap / from_.channels)]
                                           : 0;
                        }
        });
        shifted_ready_ = true;
    }

    // For every window and image, which outputs are alive, and with which winner.
    void find_live(const float *gradients, const int8_t *winners) {
        for (int window = 0; window < to_.positions(); window++) {
            Live *live = &live_[ptrdiff_t{window} * BLOCK * to_.channels];
            int *counts = &counts_[window * BLOCK];
            std::memset(counts, 0, BLOCK * sizeof *counts);
            for (int o = 0; o < to_.channels; o++) {
                const ptrdiff_t place = (ptrdiff_t{window} * to_.channels + o) * BLOCK;
                for (int image = 0; image < BLOCK; image++) {
                    const int winner = winners[place + image];
                    live[image * to_.channels + counts[image]] = {gradients[place + image],
                                                                  o * pool_ * pool_ + winner};
                    counts[image] += winner >= 0;
                }
            }
        }
    }

    void add_inputs() {
        const float *weights = shifted_;
        const ptrdiff_t step = ptrdiff_t{padded_.width} * from_.channels;
        Patches(patch_rows_, patch_vecs_).each([&](int row, int vec, auto high, auto wide) {
            const int size = high * wide * LANES;
            for (int image = 0; image < BLOCK; image++)
                for (int window = 0; window < to_.positions(); window++) {
                    float *to = row_gradients_ + image * image_ + row * step + vec * LANES +
                                offset(window / to_.width * pool_, window % to_.width * pool_);
                    Patch<high, wide> patch;
                    for (int r = 0; r < high; r++)
                        for (int v = 0; v < wide; v++) patch.of[r][v] = load(to + r * step + v * LANES);
                    add_live(patch, &live_[(ptrdiff_t{window} * BLOCK + image) * to_.channels],
                             counts_[window * BLOCK + image], weights, wide * LANES, size);
                    for (int r = 0; r < high; r++)
                        for (int v = 0; v < wide; v++) store(to + r * step + v * LANES, patch.of[r][v]);
                }
            weights += ptrdiff_t{to_.channels} * pool_ * pool_ * size;
        });
    }

    Shape from_, to_;
    Kernel k_;
    int pool_;
    Learned learned_;
    Shape padded_;
    int taps_, run_, run_vecs_, patch_rows_, patch_vecs_;
    ptrdiff_t image_;
    Buffer packed_, bias_, rows_, row_gradients_, shifted_;
    Buffer weight_sums_, bias_sums_;  // [output][row][column, channel, filled up], [output][lane]
    bool shifted_ready_ = false;
    PerBlock<int8_t> winners_;  // as the outputs
    Array<Live> live_;
    Array<int> counts_, offsets_;
};

}  // namespace paribus
