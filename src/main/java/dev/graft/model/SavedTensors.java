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

/** The tensors of a saved adapter, if they are exactly those that its configuration announces. */
public final class SavedTensors {
  private SavedTensors() {}

  /**
   * By the names that the layers read, with what need not be saved. A tensor of the base that a
   * method saves although it does not train may be missing.
   *
   * @throws BadModel if one is missing, too many, or of another shape
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
      if (shape == null) throw new BadModel("tensor " + each.name() + " is not understood");
      if (!Arrays.equals(shape, each.shape())) {
        throw new BadModel(
            "%s has shape %s, the base needs %s"
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
