// Stages that learn nothing: flattening and dropout.
#pragma once

#include "stage.hpp"

namespace paribus {

// [row][column][channel][image] to torch's order of features, [channel][row][column][image].
class Flatten : public Stage {
  public:
    explicit Flatten(Shape from) : from_(from) {}

    void forward(int, const float *inputs, float *outputs, bool) override {
        each_place([&](ptrdiff_t picture, ptrdiff_t feature) {
            std::memcpy(outputs + feature, inputs + picture, BLOCK * sizeof(float));
        });
    }
    void backward(int, const float *, const float *gradients, float *by_inputs) override {
        if (!by_inputs) return;
        each_place([&](ptrdiff_t picture, ptrdiff_t feature) {
            std::memcpy(by_inputs + picture, gradients + feature, BLOCK * sizeof(float));
        });
    }

  private:
    template <class F>
    void each_place(F f) const {
        for (int c = 0; c < from_.channels; c++)
            for (int position = 0; position < from_.positions(); position++)
                f((ptrdiff_t{position} * from_.channels + c) * BLOCK,
                  (ptrdiff_t{c} * from_.positions() + position) * BLOCK);
    }
    Shape from_;
};

class Dropout : public Stage {
  public:
    Dropout(Shape shape, int blocks) : shape_(shape), factors_(shape, blocks) {}

    // `factors`, 0 or 1 / (1 - p), lie as torch drew them: [image][channel][row][column].
    void draw(int block, const float *factors, int images) {
        float *to = factors_.of(block);
        for (int image = 0; image < images; image++)
            for (int c = 0; c < shape_.channels; c++)
                for (int position = 0; position < shape_.positions(); position++)
                    to[(ptrdiff_t{position} * shape_.channels + c) * BLOCK + image] = *factors++;
    }
    void forward(int block, const float *inputs, float *outputs, bool training) override {
        if (training)
            multiply(inputs, factors_.of(block), outputs);
        else
            std::memcpy(outputs, inputs, sizeof(float) * shape_.size() * BLOCK);
    }
    void backward(int block, const float *, const float *gradients, float *by_inputs) override {
        if (by_inputs) multiply(gradients, factors_.of(block), by_inputs);
    }

  private:
    void multiply(const float *a, const float *b, float *product) const {
        for (ptrdiff_t n = 0; n < ptrdiff_t{shape_.size()} * BLOCK; n += LANES)
            store(product + n, load(a + n) * load(b + n));
    }
    Shape shape_;
    PerBlock<float> factors_;
};

}  // namespace paribus
