// Where the values between the stages lie, and the loss's gradients by them.
//
// Value 0 are the images, value n + 1 is what stage n gives. Of a value that is only used while a
// block goes through one group (network.hpp), one block is kept at a time. So it is with outputs
// that are quickly made again on the way back. All others are kept for the whole batch.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "stage.hpp"

namespace paribus {

// Who needs what of whom, and when.
class Plan {
  public:
    explicit Plan(const std::vector<Description> &stages)
        : stages_(stages), needs_(stages.size() + 1), normalized_before_(stages.size() + 1) {
        for (int n = 0; n < count(); n++) {
            const Description &its = stages_[n];
            normalized_before_[n + 1] = normalized_before_[n] + its.normalized();
            needs_[n + 1] = its.learned.weight || needs_[its.source] ||
                            (its.beside.value >= 0 && needs_[its.beside.value]);
        }
    }

    int count() const { return int(stages_.size()); }
    int groups() const { return normalized_before_[count()] + 1; }
    // In which group a stage goes forward, and in which back: a normalization that begins one on
    // the way forward ends the one before on the way back.
    int forward_group(int n) const { return normalized_before_[n + 1]; }
    int backward_group(int n) const { return normalized_before_[n]; }
    // Whether a stage stands in the group that turns round.
    bool is_last(int n) const { return backward_group(n) + 1 == groups(); }

    Shape shape(int value) const { return value == 0 ? stages_[0].from : stages_[value - 1].to; }
    Shape beside(int n) const {
        const int value = stages_[n].beside.value;
        return value < 0 ? Shape{} : shape(value);
    }

    bool needs_gradient(int value) const { return needs_[value]; }
    // Whether others have left a part of the gradient by a stage's inputs before it adds its own.
    bool adds(int n) const { return last_use(stages_[n].source) > n; }
    // The last stage that uses a value: the first that has a gradient for it.
    int last_use(int value) const {
        int last = -1;
        each_use(value, [&](int n) { last = n; });
        return last;
    }
    // Whether a value is used in no other group than in which it is made.
    bool stays_in_group(int value) const {
        const int group = value == 0 ? 0 : forward_group(value - 1);
        bool stays = true;
        each_use(value, [&](int n) { stays = stays && forward_group(n) == group; });
        return stays;
    }
    // Whether a stage adds each number of a value to the one at its place, so that their gradients
    // are the same.
    bool adds_as_it_is(int n) const {
        const Beside &its = stages_[n].beside;
        return its.value >= 0 && its.step == 1 && beside(n).channels == stages_[n].to.channels;
    }

  private:
    template <class F>
    void each_use(int value, F f) const {
        for (int n = 0; n < count(); n++)
            if (stages_[n].source == value || stages_[n].beside.value == value) f(n);
    }

    std::vector<Description> stages_;
    Array<bool> needs_;
    Array<int> normalized_before_;  // so many normalizations come before each stage
};

// Blocks of numbers that are used one after the other by several values.
class Shared {
  public:
    // Have room for a value at a place.
    void give(int place, Shape shape) {
        if (place >= int(sizes_.size())) sizes_.resize(place + 1, Shape{1, 1, 0});
        if (shape.size() > sizes_[place].size()) sizes_[place] = shape;
    }
    void make(int blocks) {
        for (Shape size : sizes_) numbers_.emplace_back(size, blocks);
    }
    float *of(int place, int block) const { return numbers_[place].of(block); }

  private:
    std::vector<Shape> sizes_;
    std::vector<PerBlock<float>> numbers_;
};

class Memory {
  public:
    Memory(const std::vector<Description> &its, const std::vector<std::unique_ptr<Stage>> &stages,
           const Plan &plan, int blocks)
        : values_(plan.count() + 1), gradients_(plan.count() + 1), by_beside_(plan.count()) {
        place_values(stages, plan);
        place_gradients(its, plan);
        for (Shared *whole : {&whole_values_, &whole_gradients_}) whole->make(blocks);
        for (Shared *one : {&passing_values_, &passing_gradients_}) one->make(1);
    }

    float *value(int value, int block) const {
        return of(values_[value], whole_values_, passing_values_, block);
    }
    float *gradient(int value, int block) const {
        return of(gradients_[value], whole_gradients_, passing_gradients_, block);
    }
    // By what a stage adds; null where nobody needs it, or where it is that by the outputs.
    float *by_beside(int n, int block) const {
        return by_beside_[n] ? gradient(by_beside_[n], block) : nullptr;
    }
    bool is_made_again(int value) const { return values_[value].made_again; }

  private:
    struct Place {
        bool whole, made_again;  // kept for the whole batch; forgotten on the way forward
        int number;
    };

    static float *of(Place place, const Shared &whole, const Shared &passing, int block) {
        return (place.whole ? whole : passing).of(place.number, block);
    }

    void place_values(const std::vector<std::unique_ptr<Stage>> &stages, const Plan &plan) {
        Array<int> passing(plan.groups());
        for (int v = 0, whole = 0; v <= plan.count(); v++) {
            const bool turns = plan.is_last(v), again = !turns && v > 0 &&
                                                        stages[v - 1]->is_quick() &&
                                                        plan.stays_in_group(v);
            Place &its = values_[v] = {!turns && !again, again, 0};
            its.number = its.whole ? whole++ : passing[v == 0 ? 0 : plan.forward_group(v - 1)]++;
            (its.whole ? whole_values_ : passing_values_).give(its.number, plan.shape(v));
        }
    }

    // From the last value to the first, as the gradients come.
    void place_gradients(const std::vector<Description> &stages, const Plan &plan) {
        Array<int> passing(plan.groups()), until(plan.count() + 1), busy(plan.count() + 1);
        Array<int> same(plan.count() + 1);  // the value whose gradient is the same
        auto is_whole = [&](int v) { return first_group(plan, v) != plan.backward_group(v - 1); };
        for (int v = 1; v <= plan.count(); v++) until[v] = plan.backward_group(v - 1);
        for (int n = 0; n < plan.count(); n++) {
            const int beside = stages[n].beside.value;
            if (beside < 0 || !plan.needs_gradient(beside)) continue;
            if (plan.adds_as_it_is(n) && is_whole(beside) && is_whole(n + 1)) {
                same[beside] = n + 1;
                until[n + 1] = std::min(until[n + 1], until[beside]);
            } else {
                by_beside_[n] = beside;
            }
        }
        for (int v = plan.count(); v > 0; v--) {
            if (!plan.needs_gradient(v)) continue;
            const int group = first_group(plan, v);
            Place &its = gradients_[v] = {is_whole(v), false, 0};
            if (same[v] > 0)
                its.number = gradients_[same[v]].number;
            else if (its.whole)
                its.number = free_place(busy, group, until[v]);
            else
                its.number = passing[group]++;
            (its.whole ? whole_gradients_ : passing_gradients_).give(its.number, plan.shape(v));
        }
    }

    // The group in which the first part of a value's gradient comes.
    static int first_group(const Plan &plan, int v) {
        return v == plan.count() ? plan.groups() - 1 : plan.backward_group(plan.last_use(v));
    }

    // A place that is free in a group, and taken until another; groups go down to 0.
    static int free_place(int *busy, int group, int until) {
        int place = 0;
        while (busy[place] && busy[place] - 1 <= group) place++;
        busy[place] = until + 1;
        return place;
    }

    std::vector<Place> values_, gradients_;
    Array<int> by_beside_;  // the value that a stage adds, if it hands its gradient over
    Shared whole_values_, whole_gradients_, passing_values_, passing_gradients_;
};

}  // namespace paribus
