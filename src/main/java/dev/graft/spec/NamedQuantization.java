package dev.graft.spec;

import dev.graft.spec.Quantization.EightBit;
import dev.graft.spec.Quantization.FourBit;
import dev.graft.spec.Quantization.QuantType;
import java.util.Arrays;

/** Every {@link Quantization} by the name that command lines have for it. */
public enum NamedQuantization {
  NF4(new FourBit(QuantType.NF4, false)),
  NF4_DOUBLE(new FourBit(QuantType.NF4, true)),
  FP4(new FourBit(QuantType.FP4, false)),
  FP4_DOUBLE(new FourBit(QuantType.FP4, true)),
  INT8(new EightBit());

  private final Quantization quantization;

  NamedQuantization(Quantization quantization) {
    this.quantization = quantization;
  }

  public static NamedQuantization of(Quantization quantization) {
    return Arrays.stream(values())
        .filter(each -> each.quantization.equals(quantization))
        .findFirst()
        .orElseThrow();
  }

  public Quantization quantization() {
    return quantization;
  }
}
