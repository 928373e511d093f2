package dev.graft.training.program;

import java.util.List;
import java.util.Set;

/**
 * The tensors a layer reads, by their names below the layer, such as {@code
 * self_attn.q_proj.lora_A.weight}.
 *
 * @param names in the order of the methods' argument {@code w}
 * @param trained those that train; their gradients are the argument {@code gradients}, in the order
 *     of names
 * @param scale of every low-rank path
 * @param dropout probability on the input of every low-rank path, in training
 */
public record LayerTensors(List<String> names, Set<String> trained, double scale, double dropout) {
  public LayerTensors {
    names = List.copyOf(names);
    trained = Set.copyOf(trained);
  }

  /** The trained ones in the order of names. */
  public List<String> trainedInOrder() {
    return names.stream().filter(trained::contains).toList();
  }
}
