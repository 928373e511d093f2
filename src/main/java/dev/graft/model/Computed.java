package dev.graft.model;

import java.util.List;

/**
 * A tensor that the layers see as trained, computed from slots: its gradient goes on to theirs.
 *
 * @param name of the tensor
 * @param function TorchScript function of the list of the slots' values
 * @param slots names, in the order of that list
 */
public record Computed(String name, long[] shape, String function, List<String> slots) {
  public Computed {
    slots = List.copyOf(slots);
  }
}
