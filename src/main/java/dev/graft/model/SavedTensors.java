package dev.graft.model;

import dev.graft.weights.BadModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads the tensors of a saved adapter and checks them against its configuration. */
public final class SavedTensors {
  private SavedTensors() {}

  /**
   * Returns the tensors by the names that the layers read, with those that are not saved. A tensor
   * of the base that a method saves although it does not train may be missing.
   *
   * @throws BadModel if a tensor is missing, unexpected or of another shape
   */
  public static List<NamedTensor> of(Tuner tuner, SavedAdapter saved, ModelConfig base) {
    List<NamedTensor> tensors = new ArrayList<>(tuner.read(saved.tensors()));
    Map<String, long[]> expected = new HashMap<>();
    for (Slot slot : tuner.slots()) expected.put(slot.name(), slot.shape());
    Set<String> ofBase = base.parameterNames();
    Set<String> optional = new HashSet<>();
    List<NamedTensor> unsaved = new ArrayList<>();
    for (NamedTensor each : tuner.frozen(0)) {
      if (!tuner.kept().contains(each.name())) {
        if (!ofBase.contains(each.name())) unsaved.add(each);
        continue;
      }
      expected.put(each.name(), each.shape());
      if (ofBase.contains(each.name())) optional.add(each.name());
    }
    for (NamedTensor each : tensors) {
      long[] shape = expected.remove(each.name());
      if (shape == null) throw new BadModel("tensor " + each.name() + " is unexpected");
      if (!Arrays.equals(shape, each.shape())) {
        throw new BadModel(
            "%s has shape %s, but the base needs %s"
                .formatted(each.name(), Arrays.toString(each.shape()), Arrays.toString(shape)));
      }
    }
    expected.keySet().removeAll(optional);
    if (!expected.isEmpty()) {
      throw new BadModel("tensor " + expected.keySet().iterator().next() + " is missing");
    }
    tensors.addAll(unsaved);
    return tensors;
  }
}
