// A linear layer. Its inputs and outputs are [feature][image].
#pragma once

#include "convolution.hpp"

namespace paribus {

class Linear : public Stage {
  public:
    Linear(int inputs, int outputs, Learned learned, bool cancelled)
        : inputs_(inputs), outputs_(outputs), filled_up_((inputs + BLOCK - 1) / BLOCK * BLOCK),
          learned_(learned), cancelled_(cancelled), packed_(size_t(inputs) * outputs),
          bias_(outputs), none_(TILE), input_rows_(size_t(BLOCK) * filled_up_),
          gradient_rows_(size_t(BLOCK) * outputs), weight_sums_(size_t(outputs) * filled_up_),
          bias_sums_(outputs) {}

    void prepare(bool training) override {
        pack(packed_, {outputs_, TILE}, inputs_,
             [&](int o, int i) { return learned_.weight[ptrdiff_t{o} * inputs_ + i]; });
        if (learned_.bias) std::memcpy(bias_, learned_.bias, outputs_ * sizeof(float));
        if (!training) return;
        weight_sums_.clear();
        bias_sums_.clear();
    }

    void forward(int, const float *inputs, float *outputs, bool) override {
        multiply(inputs, inputs_, outputs, outputs_, bias_, 1, [&](int first, int size) {
            return Step{packed_ + ptrdiff_t{first} * inputs_, size};
        });
    }

    void backward(int, const float *inputs, const float *gradients, float *by_inputs) override {
        // With images as rows, the weights' gradient is one more product.
        for (int i = 0; i < inputs_; i += BLOCK)
            transpose(inputs + i * BLOCK, BLOCK, input_rows_ + i, filled_up_, inputs_ - i, BLOCK);
        for (int o = 0; o < outputs_; o++) {
            for (int image = 0; image < BLOCK; image++)
                gradient_rows_[image * outputs_ + o] = gradients[o * BLOCK + image];
            if (cancelled_) continue;
            for (int image = 0; image < BLOCK; image++) bias_sums_[o] += gradients[o * BLOCK + image];
        }
        const Tiles tiles{outputs_, TILE};
        for (int tile = 0; tile < tiles.tiles(); tile++)
            with_constant<TILE>(tiles.size(tile), [&](auto size) {
                add_weights<size>(tiles.begin(tile));
            });
        if (by_inputs)
            multiply(gradients, outputs_, by_inputs, inputs_, none_, 0, [&](int first, int) {
                return Step{learned_.weight + first, inputs_};
            });
    }

    void finish() override {
        for (int o = 0; o < outputs_; o++)
            std::memcpy(learned_.weight_gradient + ptrdiff_t{o} * inputs_,
                        weight_sums_ + ptrdiff_t{o} * filled_up_, inputs_ * sizeof(float));
        if (learned_.bias) std::memcpy(learned_.bias_gradient, bias_sums_, outputs_ * sizeof(float));
    }

  private:
    // Where a tile's weights begin, and the step from one tap to the next.
    struct Step {
        const float *weights;
        int tap;
    };

    template <class F>
    static void multiply(const float *from, int taps, float *to, int outputs, const float *bias,
                         int bias_step, F weights) {
        const Tiles tiles{outputs, TILE};
        for (int tile = 0; tile < tiles.tiles(); tile++)
            with_constant<TILE>(tiles.size(tile), [&](auto size) {
                const int first = tiles.begin(tile);
                const Step step = weights(first, size);
                Sums<1, size> sums;
                start(sums, bias + ptrdiff_t{first} * bias_step);
                multiply_add(sums, {from, step.weights, BLOCK, step.tap, 0, 0, taps, 1});
                std::memcpy(to + ptrdiff_t{first} * BLOCK, sums.of[0], sizeof sums.of[0]);
            });
    }

    template <int OUTPUTS>
    void add_weights(int first) {
        for (int i = 0; i < inputs_; i += BLOCK) {
            Sums<1, OUTPUTS> sums;
            float *const kept = weight_sums_ + ptrdiff_t{first} * filled_up_ + i;
            for (int o = 0; o < OUTPUTS; o++)
                std::memcpy(sums.of[0][o], kept + ptrdiff_t{o} * filled_up_, sizeof sums.of[0][o]);
            multiply_add(sums, {input_rows_ + i, gradient_rows_ + first, filled_up_, outputs_, 0, 0, BLOCK, 1});
            for (int o = 0; o < OUTPUTS; o++)
                std::memcpy(kept + ptrdiff_t{o} * filled_up_, sums.of[0][o], sizeof sums.of[0][o]);
        }
    }

    int inputs_, outputs_, filled_up_;
    Learned learned_;
    bool cancelled_;
    Buffer packed_, bias_, none_, input_rows_, gradient_rows_;
    Buffer weight_sums_, bias_sums_;  // [output][input, filled up], [output]
};

}  // namespace paribus
