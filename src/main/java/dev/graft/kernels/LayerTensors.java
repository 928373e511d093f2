package dev.graft.kernels;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tensors that a program reads, by their names below the layer, such as {@code
 * self_attn.q_proj.lora_A.weight}; a name that begins with {@code /} is not of the layer but of the
 * whole model.
 *
 * @param names in the order of the methods' argument {@code w}
 * @param trained those that train; their gradients are the argument {@code gradients}, in the order
 *     of names
 * @param forms of the weights that are not plain numbers; names has their parts
 */
public record LayerTensors(List<String> names, Set<String> trained, Map<String, WeightForm> forms) {
  public LayerTensors {
    names = List.copyOf(names);
    trained = Set.copyOf(trained);
    forms = Map.copyOf(forms);
  }

  /** What statements read, all of it plain numbers. */
  public static LayerTensors of(List<Statement> statements, Predicate<String> trains) {
    return of(statements, trains, name -> null);
  }

  /** What statements read. */
  public static LayerTensors of(
      List<Statement> statements,
      Predicate<String> trains,
      Function<String, @Nullable WeightForm> form) {
    List<String> read =
        statements.stream().flatMap(each -> each.tensors().stream()).distinct().toList();
    LayerTensors tensors = named(read, form);
    return new LayerTensors(
        tensors.names(),
        tensors.names().stream().filter(trains).collect(Collectors.toSet()),
        tensors.forms());
  }

  /** Tensors of these names; none trains. */
  public static LayerTensors named(List<String> read, Function<String, @Nullable WeightForm> form) {
    Set<String> names = new LinkedHashSet<>();
    Map<String, WeightForm> forms = new LinkedHashMap<>();
    for (String name : read) {
      WeightForm found = form.apply(name);
      if (found != null) forms.put(name, found);
      names.addAll(found == null ? List.of(name) : found.parts(name));
    }
    return new LayerTensors(List.copyOf(names), Set.of(), forms);
  }

  /** The same with forms that autograd can follow. */
  LayerTensors definition() {
    Map<String, WeightForm> definitions = new HashMap<>();
    forms.forEach((name, form) -> definitions.put(name, form.definition()));
    return new LayerTensors(names, trained, definitions);
  }

  /** Text of a tensor's numbers, where the tensors are the argument {@code w}. */
  public String text(String name) {
    WeightForm form = forms.get(name);
    return form == null ? argument(name) : form.text(name, this::argument);
  }

  /** The same of a weight W where x W^T is computed. */
  public String turningText(String name) {
    WeightForm form = forms.get(name);
    return form == null ? argument(name) : form.turningText(name, this::argument);
  }

  private String argument(String name) {
    int index = names.indexOf(name);
    if (index < 0) throw new IllegalStateException("the layer has no tensor " + name);
    return "w[" + index + "]";
  }

  /** The trained ones in the order of names. */
  public List<String> trainedInOrder() {
    return names.stream().filter(trained::contains).toList();
  }
}
