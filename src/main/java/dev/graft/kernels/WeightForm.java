package dev.graft.kernels;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * How a weight that is not multiplied as it lies on the device does lie there, and the text that
 * makes numbers of it where a method reads it: for one product, and again for the next.
 */
public sealed interface WeightForm
    permits FourBitWeight,
        WeightForm.EightBit,
        WeightForm.Rounded,
        WeightForm.RoundedCopy,
        WeightForm.Twice {
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

  /** The text of the same weight W where x W^T is computed. */
  default String turningText(String name, UnaryOperator<String> tensor) {
    return text(name, tensor);
  }

  /** The same numbers made of the weight's own, so that autograd finds the way back to them. */
  default WeightForm definition() {
    return this;
  }

  /** The name itself, and with each suffix. */
  static List<String> named(String name, String... suffixes) {
    return IntStream.rangeClosed(0, suffixes.length)
        .mapToObj(i -> i == 0 ? name : name + suffixes[i - 1])
        .toList();
  }

  /** Text of a matrix as it is, or transposed. */
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

  /** A plain weight (out, in), and a copy of it that lies as (in, out). */
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
