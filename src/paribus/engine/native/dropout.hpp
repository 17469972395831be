// Dropout by factors, 0 or 1 / (1 - p), that torch has drawn.
#pragma once

#include "stage.hpp"

namespace paribus {

class Dropout : public Stage {
  public:
    explicit Dropout(Shape shape) : size_(ptrdiff_t{shape.size()} * BLOCK) {}

    // The factors of a batch, in blocks as the values lie that they are for.
    void take(const float *factors) { factors_ = factors; }

    void forward(int block, const Values &its, bool training) override {
        if (training)
            multiply(block, its.inputs, its.outputs);
        else
            std::copy_n(its.inputs, size_, its.outputs);
    }

    void backward(int block, const Values &, const Gradients &its) override {
        if (its.by_inputs) multiply(block, its.by_outputs, its.by_inputs);
    }

    bool is_quick() const override { return true; }

  private:
    void multiply(int block, const float *numbers, float *products) const {
        for (ptrdiff_t n = 0; n < size_; n += LANES)
            store(products + n, load(numbers + n) * load(factors_ + block * size_ + n));
    }

    ptrdiff_t size_;
    const float *factors_ = nullptr;
};

}  // namespace paribus
