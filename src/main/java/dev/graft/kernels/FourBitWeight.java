package dev.graft.kernels;

import java.util.List;
import java.util.stream.Collectors;

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
