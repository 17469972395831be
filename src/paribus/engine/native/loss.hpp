// What training makes smaller.
#pragma once

#include <cmath>
#include <numeric>

#include "layout.hpp"

namespace paribus {

// What the network says of one image, and the gradients by its logits, 16 numbers apart.
struct Softmax {
    const float *logits;
    float *gradients;
    float largest;
    double total;  // of exp(logit - largest)
    int classes;

    double logit(int c) const { return double(logits[c * BLOCK]) - largest; }

    // Towards a label, in a mean over `count` images; returns the image's cross entropy.
    double follow(int64_t label, int count) const {
        for (int c = 0; c < classes; c++)
            gradients[c * BLOCK] = float((std::exp(logit(c)) / total - (c == label)) / count);
        return largest - logits[label * BLOCK] + std::log(total);
    }

    // Towards a row of targets; writes the logarithms of the probabilities.
    void follow(const float *targets, float *log_probabilities) const {
        const double weight = std::accumulate(targets, targets + classes, 0.0);
        for (int c = 0; c < classes; c++) {
            gradients[c * BLOCK] = float(weight * std::exp(logit(c)) / total - targets[c]);
            log_probabilities[c] = float(logit(c) - std::log(total));
        }
    }
};

}  // namespace paribus
