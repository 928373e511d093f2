package dev.graft.model;

import dev.graft.spec.AdapterMethod;
import dev.graft.weights.NamedTensor;
import java.util.List;

/**
 * What a result directory holds.
 *
 * @param method that its configuration names
 * @param tensors of its file, by PEFT's names; not copied, as those of a whole model are more than
 *     a heap holds: see {@link TrainableModel#trained}
 */
public record SavedResult(AdapterMethod method, List<NamedTensor> tensors) {}
