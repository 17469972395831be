// Dropout by factors, 0 or 1 / (1 - p), that torch has drawn.
#pragma once

#include "stage.hpp"

namespace paribus {

class Dropout : public Stage {
  public:
    Dropout(Shape shape, int blocks) : shape_(shape), factors_(shape, blocks) {}

    // `factors` lie as torch drew them: [image][channel][row][column].
    void draw(int block, const float *factors, int images) {
        for (int image = 0; image < images; image++)
            for (int c = 0; c < shape_.channels; c++)
                for (int position = 0; position < shape_.positions(); position++)
                    factors_.of(block)[(position * shape_.channels + c) * BLOCK + image] = *factors++;
    }

    void forward(int block, const float *inputs, float *outputs, bool training) override {
        if (training)
            multiply(inputs, factors_.of(block), outputs);
        else
            std::copy_n(inputs, shape_.size() * BLOCK, outputs);
    }

    void backward(int block, const float *, const float *gradients, float *by_inputs) override {
        if (by_inputs) multiply(gradients, factors_.of(block), by_inputs);
    }

  private:
    void multiply(const float *a, const float *b, float *product) const {
        for (int n = 0; n < shape_.size() * BLOCK; n += LANES)
            store(product + n, load(a + n) * load(b + n));
    }
    Shape shape_;
    PerBlock<float> factors_;
};

}  // namespace paribus
