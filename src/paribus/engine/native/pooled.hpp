// Convolution, ReLU and max pooling as one stage.
//
// Of each pooling window only the position that won has a gradient, and none has where it lost to
// zero. Which position that is differs from image to image; so the way back takes one image after
// the other, and vectors run over neighboring taps instead:
//
//     weights:  for each live (output, position): gradient * the inputs under the kernel there
//     inputs:   for each window: sum over outputs of gradient * weights, shifted to the winner
#pragma once

#include "convolution.hpp"

namespace paribus {

class PooledConvolution : public Layer {
  public:
    // Pooling takes squares of `pool` x `pool` that don't overlap.
    PooledConvolution(const Description &its, int blocks)
        : Layer(its), packed_(ordered_.count()), pool_(its.pool.height), codes_(pool_ * pool_),
          run_vecs_((run_ + LANES - 1) / LANES), patch_rows_(k_.height + pool_ - 1),
          patch_vecs_(((k_.width + pool_ - 1) * from_.channels + LANES - 1) / LANES),
          row_(ptrdiff_t{padded_.width} * from_.channels), rows_(size_t(padded_.size()) * BLOCK),
          row_gradients_(rows_.count()),
          shifted_(size_t(to_.channels) * codes_ * patch_rows_ * patch_vecs_ * LANES),
          weight_sums_(size_t(to_.channels) * k_.height * run_vecs_ * LANES), winners_(to_, blocks),
          live_(size_t(to_.size()) * BLOCK), ends_(size_t(to_.positions()) * BLOCK),
          shifts_(size_t(codes_) + 1) {
        for (int winner = 0; winner < codes_; winner++)
            shifts_[1 + winner] = int(winner / pool_ * row_) + winner % pool_ * from_.channels;
    }

    void prepare(bool training) override {
        Layer::prepare(training);
        pack(packed_, to_.channels, k_.size(), from_.channels,
             [&](int o, int place, int channel) { return weight(o, place)[channel]; });
        weight_sums_.clear();
        if (training) shift_weights();
    }

    void forward(int block, const Values &its, bool) override {
        each_part<TILE>(to_.channels, [&](auto size, int first) {
            for (int y = 0; y < to_.height; y++)
                for (int x = 0; x < to_.width; x++)
                    pool_window<size>(its.inputs, its.outputs, winners_.of(block), y, x, first);
        });
    }

    void backward(int block, const Values &values, const Gradients &its) override {
        const float *inputs = values.inputs, *gradients = its.by_outputs;
        float *by_inputs = its.by_inputs;
        const int32_t *const winners = winners_.of(block);
        add_bias(gradients, winners);
        each_row([&](int in_block, int in_row, int count) {
            transpose(inputs + in_block, BLOCK, rows_ + in_row, padded_.size(), count, BLOCK);
        });
        for (int o = 0; o < to_.channels; o++) add_weights(gradients, winners, o);
        if (!by_inputs) return;
        row_gradients_.clear();
        add_inputs(gradients, winners);
        each_row([&](int in_block, int in_row, int count) {
            transpose(row_gradients_ + in_row, padded_.size(), by_inputs + in_block, BLOCK, BLOCK,
                      count);
        });
    }

    void finish() override {
        hand_over([&](int o, int row, int tap) {
            return weight_sums_[(ptrdiff_t{o} * k_.height + row) * run_vecs_ * LANES + tap];
        });
    }

  private:
    // ---- forward: the largest of a window's positions, and which it is; -1 below zero ----------

    template <int OUTPUTS>
    void pool_window(const float *inputs, float *outputs, int32_t *winners, int y, int x,
                     int first) {
        Largest best[OUTPUTS][PARTS];
        for (int row = 0; row < pool_; row++)
            side_by_side(from_, k_, x * pool_, pool_, [&](auto positions, int column, int steps) {
                for (const int end = column + steps * positions; column < end;
                     column += positions) {
                    Sums<positions, OUTPUTS> sums;
                    begin_with(sums, bias_ + first);
                    convolve_at(sums, inputs, from_, k_, packed_ + ptrdiff_t{first} * taps_,
                                y * pool_ + row, column);
                    for (int p = 0; p < positions; p++)
                        for (int o = 0; o < OUTPUTS; o++)
                            for (int i = 0; i < PARTS; i++)
                                best[o][i].take(sums.of[p][o][i], (row - x) * pool_ + column + p);
                }
            });
        for (int o = 0; o < OUTPUTS; o++)
            for (int i = 0; i < PARTS; i++) {
                const ptrdiff_t place = to_.at(y, x, first + o) + i * LANES;
                const Mask dead = best[o][i].value <= 0;
                store(outputs + place, dead ? Vec{} : best[o][i].value);
                store(winners + place, dead ? Mask{} - 1 : best[o][i].number);
            }
    }

    // ---- backward ------------------------------------------------------------------------------

    // f(place in the block, place in the first image's rows, how many numbers follow there).
    template <class F>
    void each_row(F f) const {
        const bool whole = padded_.size() == from_.size();  // then all rows are one
        const int width = whole ? from_.size() : from_.width * from_.channels;
        for (int y = 0; y < (whole ? 1 : from_.height); y++)
            for (int n = 0; n < width; n += BLOCK)
                f(from_.at(y, 0) + n * BLOCK,
                  int((y + k_.pad_y) * row_) + k_.pad_x * from_.channels + n, width - n);
    }

    // Where a window's first position lies in an image's rows.
    int corner(int window) const {
        return int(window / to_.width * pool_ * row_) + window % to_.width * pool_ * from_.channels;
    }

    // The live of a block's 16 images, each in a list of its own.
    struct Lists {
        Live *ends[BLOCK];
        Lists(Live *first, ptrdiff_t step) {
            for (int image = 0; image < BLOCK; image++) ends[image] = first + image * step;
        }
        // Written in any case, kept if alive: there is nothing for the processor to guess.
        template <class F>
        void add(const float *gradients, const int32_t *winners, F offset) {
            for (int image = 0; image < BLOCK; image++) {
                const int winner = winners[image];
                *ends[image] = {gradients[image], offset(winner)};
                ends[image] += winner >= 0;
            }
        }
    };

    // One output: what is alive in each image, then gradient * inputs for all of its taps.
    void add_weights(const float *gradients, const int32_t *winners, int o) {
        const int windows = to_.positions();
        Lists lists(live_, windows);
        for (int window = 0; window < windows; window++) {
            const ptrdiff_t place = (ptrdiff_t{window} * to_.channels + o) * BLOCK;
            lists.add(gradients + place, winners + place,
                      [&](int winner) { return corner(window) + shifts_[1 + winner]; });
        }
        each_patch(k_.height, run_vecs_, [&](int row, int vec, auto patch) {
            float *kept =
                weight_sums_ + ((ptrdiff_t{o} * k_.height + row) * run_vecs_ + vec) * LANES;
            patch.load_from(kept, run_vecs_ * LANES);
            for (int image = 0; image < BLOCK; image++)
                patch.add(live_ + image * windows, lists.ends[image],
                          rows_ + ptrdiff_t{image} * padded_.size() + row * row_ + vec * LANES,
                          row_, 1);
            patch.store_to(kept, run_vecs_ * LANES);
        });
    }

    // Patch after patch: [output][winner][row][column and channel], zero where the kernel isn't.
    void shift_weights() {
        shifted_.clear();
        float *to = shifted_;
        each_patch(patch_rows_, patch_vecs_, [&](int first, int vec, auto patch) {
            for (int o = 0; o < to_.channels; o++)
                for (int winner = 0; winner < codes_; winner++)
                    for (int r = 0; r < patch.HEIGHT; r++, to += patch.WIDTH) {
                        const int row = first + r - winner / pool_;
                        const int before = vec * LANES - winner % pool_ * from_.channels;
                        const int begin = std::max(0, before),
                                  end = std::min(before + patch.WIDTH, run_);
                        if (row >= 0 && row < k_.height && begin < end)
                            std::copy(weight(o, row * k_.width) + begin,
                                      weight(o, row * k_.width) + end, to + begin - before);
                    }
        });
    }

    void add_inputs(const float *gradients, const int32_t *winners) {
        // Of every window and image, which outputs are alive, and with which winner.
        for (int window = 0; window < to_.positions(); window++) {
            Lists lists(live_ + ptrdiff_t{window} * BLOCK * to_.channels, to_.channels);
            for (int o = 0; o < to_.channels; o++) {
                const ptrdiff_t place = (ptrdiff_t{window} * to_.channels + o) * BLOCK;
                lists.add(gradients + place, winners + place,
                          [&](int winner) { return o * codes_ + winner; });
            }
            std::copy_n(lists.ends, BLOCK, ends_ + window * BLOCK);
        }
        const float *weights = shifted_;
        each_patch(patch_rows_, patch_vecs_, [&](int row, int vec, auto patch) {
            for (int image = 0; image < BLOCK; image++)
                for (int window = 0; window < to_.positions(); window++) {
                    float *to = row_gradients_ + ptrdiff_t{image} * padded_.size() + row * row_ +
                                vec * LANES + corner(window);
                    const int number = window * BLOCK + image;
                    patch.load_from(to, row_);
                    patch.add(live_ + ptrdiff_t{number} * to_.channels, ends_[number], weights,
                              patch.WIDTH, patch.SIZE);
                    patch.store_to(to, row_);
                }
            weights += ptrdiff_t{to_.channels} * codes_ * patch.SIZE;
        });
    }

    Buffer packed_;     // [tile of outputs][tap][output of the tile]
    int pool_, codes_;  // a window's side, and its positions
    int run_vecs_, patch_rows_, patch_vecs_;
    ptrdiff_t row_;  // of an image's rows
    Buffer rows_, row_gradients_, shifted_;
    Buffer weight_sums_;  // [output][row][column and channel, filled up]
    PerBlock<int32_t> winners_;
    Array<Live> live_;
    Array<Live *> ends_;
    Array<int> shifts_;  // [1 + winner]: where it lies, from its window's corner
};

}  // namespace paribus
