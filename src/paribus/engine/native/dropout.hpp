// Dropout by factors, 0 or 1 / (1 - p), that torch has drawn.
#pragma once

#include "stage.hpp"

namespace paribus {

class Dropout : public Stage {
  public:
    Dropout(Shape shape, int blocks) : shape_(shape), factors_(shape, blocks) {}

    // The factors of a batch of so many images, as torch drew them: [image][channel][row][column].
    void take(const float *drawn, int images) { drawn_ = drawn, images_ = images; }

    void forward(int block, const float *inputs, float *outputs, bool training) override {
        if (training) {
            arrange(block);
            multiply(inputs, factors_.of(block), outputs);
        } else {
            std::copy_n(inputs, shape_.size() * BLOCK, outputs);
        }
    }

    void backward(int block, const float *, const float *gradients, float *by_inputs) override {
        if (by_inputs) multiply(gradients, factors_.of(block), by_inputs);
    }

  private:
    void arrange(int block) {
        const int begin = block * BLOCK, end = std::min(begin + BLOCK, images_);
        const float *from = drawn_ + ptrdiff_t{begin} * shape_.size();
        for (int image = begin; image < end; image++)
            for (int c = 0; c < shape_.channels; c++)
                for (int n = 0; n < shape_.positions(); n++)
                    factors_.of(block)[(n * shape_.channels + c) * BLOCK + image - begin] = *from++;
    }
    void multiply(const float *a, const float *b, float *product) const {
        for (int n = 0; n < shape_.size() * BLOCK; n += LANES)
            store(product + n, load(a + n) * load(b + n));
    }
    Shape shape_;
    const float *drawn_ = nullptr;
    int images_ = 0;
    PerBlock<float> factors_;
};

}  // namespace paribus
