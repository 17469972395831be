// What every stage of a network has in common.
#pragma once

#include "kernel.hpp"

namespace paribus {

// Numbers that are learned, in torch's own memory and order; null where a layer has none.
struct Learned {
    const float *weight = nullptr, *bias = nullptr;
    float *weight_gradient = nullptr, *bias_gradient = nullptr;
};

// A part of a network. A block goes forward through many of them before the next one does.
class Stage {
  public:
    virtual ~Stage() = default;

    // Once before a batch: bring what is learned into the order in which it is used.
    virtual void prepare(bool /*training*/) {}
    // Outputs from inputs. `training` keeps what `backward` needs.
    virtual void forward(int block, const float *inputs, float *outputs, bool training) = 0;
    // The loss's gradient by the inputs (where it isn't null) from that by the outputs.
    virtual void backward(int block, const float *inputs, const float *output_gradients,
                          float *input_gradients) = 0;
    // Once after a batch: bring the gradients into torch's order.
    virtual void finish() {}
};

}  // namespace paribus
