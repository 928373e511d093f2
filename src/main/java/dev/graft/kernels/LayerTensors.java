package dev.graft.kernels;

import dev.graft.kernels.LayerTensors.WeightForm;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  /** Returns the tensors that statements read, all of them plain numbers. */
  public static LayerTensors of(List<Statement> statements, Predicate<String> trains) {
    return of(statements, trains, name -> null);
  }

  /** Returns the tensors that statements read. */
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

  /** Returns tensors of these names, none of which trains. */
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

  /** Returns the same tensors in forms that autograd can differentiate. */
  LayerTensors definition() {
    Map<String, WeightForm> definitions = new HashMap<>();
    forms.forEach((name, form) -> definitions.put(name, form.definition()));
    return new LayerTensors(names, trained, definitions);
  }

  /** Returns the text of a tensor's numbers, where the tensors are the argument {@code w}. */
  public String text(String name) {
    WeightForm form = forms.get(name);
    return form == null ? argument(name) : form.text(name, this::argument);
  }

  /** Returns the text of a weight W in a product x W^T. */
  public String turningText(String name) {
    WeightForm form = forms.get(name);
    return form == null ? argument(name) : form.turningText(name, this::argument);
  }

  private String argument(String name) {
    int index = names.indexOf(name);
    if (index < 0) throw new IllegalStateException("the layer has no tensor " + name);
    return "w[" + index + "]";
  }

  /** Returns the trained tensors in the order of {@link #names}. */
  public List<String> trainedInOrder() {
    return names.stream().filter(trained::contains).toList();
  }

  /**
   * The form in which a weight lies on the device if it is not multiplied as it is, and the text
   * that turns it into numbers where a method reads it, once for each product.
   */
  public sealed interface WeightForm
      permits FourBitWeight,
          WeightForm.EightBit,
          WeightForm.Rounded,
          WeightForm.RoundedCopy,
          WeightForm.Twice {
    /** Returns the names of the weight's tensors on the device; the first is that of the weight. */
    List<String> parts(String name);

    /**
     * @param parts text of each tensor of {@link #parts}
     * @return text of the weight in the shape of the plain one
     */
    String text(List<String> parts);

    /** Returns the text of a weight of that name. */
    default String text(String name, UnaryOperator<String> tensor) {
      return text(parts(name).stream().map(tensor).toList());
    }

    /** Returns the text of the weight W in a product x W^T. */
    default String turningText(String name, UnaryOperator<String> tensor) {
      return text(name, tensor);
    }

    /** Returns a form with the same numbers that autograd can differentiate. */
    default WeightForm definition() {
      return this;
    }

    /** Returns the name itself, and with each suffix. */
    static List<String> named(String name, String... suffixes) {
      return IntStream.rangeClosed(0, suffixes.length)
          .mapToObj(i -> i == 0 ? name : name + suffixes[i - 1])
          .toList();
    }

    /** Returns the text of a matrix as it is, or transposed. */
    static String turned(boolean transposed, String text) {
      return transposed ? "torch.t(" + text + ")" : text;
    }

    /**
     * A plain weight that trains, rounded for each product.
     *
     * @param computed torch's number of the element type of the product
     */
    record Rounded(int computed) implements WeightForm {
      @Override
      public List<String> parts(String name) {
        return List.of(name);
      }

      @Override
      public String text(List<String> parts) {
        return "torch.to(%s, %d)".formatted(parts.getFirst(), computed);
      }
    }

    /**
     * A trained factor that products read in a copy, rounded when it changes.
     *
     * @param computed torch's number of the element type of the copy
     */
    record RoundedCopy(int computed) implements WeightForm {
      @Override
      public List<String> parts(String name) {
        return named(name, ".rounded");
      }

      @Override
      public String text(List<String> parts) {
        return parts.getLast();
      }

      @Override
      public WeightForm definition() {
        return new Rounded(computed);
      }
    }

    /** A plain weight (out, in), with a copy stored as (in, out). */
    record Twice() implements WeightForm {
      @Override
      public List<String> parts(String name) {
        return named(name, ".turned");
      }

      @Override
      public String text(List<String> parts) {
        return parts.getFirst();
      }

      @Override
      public String turningText(String name, UnaryOperator<String> tensor) {
        return turned(true, tensor.apply(parts(name).getLast()));
      }
    }

    /** Eight bits an element: see {@code quantised.eight_bit}. */
    record EightBit(boolean transposed, int computed) implements WeightForm {
      @Override
      public List<String> parts(String name) {
        return named(name, ".scb");
      }

      @Override
      public String text(List<String> parts) {
        return turned(
            transposed,
            "__torch__.quantised.eight_bit(%s, %s, %d)"
                .formatted(parts.get(0), parts.get(1), computed));
      }
    }
  }

  /**
   * Four bits an element: see {@code quantised.four_bit}.
   *
   * @param kind torch's number of the element type before quantisation
   * @param nestedBlockSize of double quantisation, 0 without
   * @param transposed the plain weight is (in, out), the quantised one (out, in)
   * @param computed torch's number of the element type of its numbers
   */
  public record FourBitWeight(
      int blockSize,
      List<Long> shape,
      int kind,
      int nestedBlockSize,
      boolean transposed,
      int computed)
      implements WeightForm {
    public FourBitWeight {
      shape = List.copyOf(shape);
    }

    @Override
    public List<String> parts(String name) {
      return nestedBlockSize == 0
          ? WeightForm.named(name, ".pairs", ".absmax")
          : WeightForm.named(name, ".pairs", ".absmax", ".map", ".nested_absmax", ".offset");
    }

    @Override
    public String text(List<String> parts) {
      String absmax =
          nestedBlockSize == 0
              ? parts.get(2)
              : "__torch__.quantised.scales(%s, %d)"
                  .formatted(String.join(", ", parts.subList(2, 6)), nestedBlockSize);
      return WeightForm.turned(
          transposed,
          "__torch__.quantised.four_bit(%s, %s, %s, %d, %s, %d, %d)"
              .formatted(
                  parts.get(0),
                  parts.get(1),
                  absmax,
                  blockSize,
                  shape.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]")),
                  kind,
                  computed));
    }
  }
}
