package dev.graft.training.program;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How a weight that is not multiplied as it lies on the device does lie there, and the text that
 * makes numbers of it where a method reads it: for one product, and again for the next.
 */
public sealed interface WeightForm {
  /** Names of the weight's tensors on the device, the first is the weight's own. */
  List<String> parts(String name);

  /**
   * @param parts text of each tensor of {@link #parts}
   * @return text of the weight in the shape of the plain one
   */
  String text(List<String> parts);

  /** The text of a weight of that name. */
  default String text(String name, UnaryOperator<String> tensor) {
    return text(parts(name).stream().map(tensor).toList());
  }

  /** The same numbers made of the weight's own, so that autograd finds the way back to them. */
  default WeightForm definition() {
    return this;
  }

  private static List<String> named(String name, String... suffixes) {
    return IntStream.rangeClosed(0, suffixes.length)
        .mapToObj(i -> i == 0 ? name : name + suffixes[i - 1])
        .toList();
  }

  private static String turned(boolean transposed, String text) {
    return transposed ? "torch.t(" + text + ")" : text;
  }

  /**
   * Four bits an element: see {@code quantised.four_bit}.
   *
   * @param kind torch's number of the element type before quantisation
   * @param nestedBlockSize of double quantisation, 0 without
   * @param transposed the plain weight is (in, out), the quantised one (out, in)
   * @param computed torch's number of the element type of its numbers
   */
  record FourBit(
      int blockSize,
      List<Long> shape,
      int kind,
      int nestedBlockSize,
      boolean transposed,
      int computed)
      implements WeightForm {
    public FourBit {
      shape = List.copyOf(shape);
    }

    @Override
    public List<String> parts(String name) {
      return nestedBlockSize == 0
          ? named(name, ".pairs", ".absmax")
          : named(name, ".pairs", ".absmax", ".map", ".nested_absmax", ".offset");
    }

    @Override
    public String text(List<String> parts) {
      String absmax =
          nestedBlockSize == 0
              ? parts.get(2)
              : "__torch__.quantised.scales(%s, %d)"
                  .formatted(String.join(", ", parts.subList(2, 6)), nestedBlockSize);
      return turned(
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
