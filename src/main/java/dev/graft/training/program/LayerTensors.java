package dev.graft.training.program;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The tensors that a program reads, by their names below the layer, such as {@code
 * self_attn.q_proj.lora_A.weight}; a name that begins with {@code /} is not of the layer but of the
 * whole model.
 *
 * @param names in the order of the methods' argument {@code w}
 * @param trained those that train; their gradients are the argument {@code gradients}, in the order
 *     of names
 */
public record LayerTensors(List<String> names, Set<String> trained) {
  public LayerTensors {
    names = List.copyOf(names);
    trained = Set.copyOf(trained);
  }

  /** What statements read. */
  public static LayerTensors of(List<Statement> statements, Predicate<String> trains) {
    Set<String> names = new LinkedHashSet<>();
    statements.forEach(each -> names.addAll(each.tensors()));
    return new LayerTensors(
        List.copyOf(names), names.stream().filter(trains).collect(Collectors.toSet()));
  }

  /** The trained ones in the order of names. */
  public List<String> trainedInOrder() {
    return names.stream().filter(trained::contains).toList();
  }
}
