package dev.graft.model;

import java.util.List;

/**
 * A tensor that follows from others whenever they have changed. No gradient goes through it.
 *
 * @param name of the tensor
 * @param shape where the base has none of that name
 * @param update TorchScript that writes into it: a format for its own text, then those of the
 *     others
 * @param of names of the others
 */
public record Derived(String name, long[] shape, String update, List<String> of) {
  public Derived {
    of = List.copyOf(of);
  }
}
