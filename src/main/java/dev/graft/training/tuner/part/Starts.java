package dev.graft.training.tuner.part;

import dev.graft.weights.tensor.Dtype;
import dev.graft.weights.tensor.NamedTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/** Start values as pure functions of seed and name: adding a tensor changes no other. */
public final class Starts {
  private Starts() {}

  public static NamedTensor zeros(Slot slot) {
    return filled(slot, () -> 0);
  }

  public static NamedTensor constant(Slot slot, double value) {
    return filled(slot, () -> value);
  }

  /** Uniform within (-bound, bound). */
  public static NamedTensor uniform(Slot slot, double bound, long seed) {
    SplittableRandom random = random(seed, slot.name());
    return filled(slot, () -> random.nextDouble(-bound, bound));
  }

  public static NamedTensor normal(Slot slot, double deviation, long seed) {
    SplittableRandom random = random(seed, slot.name());
    return filled(slot, () -> deviation * random.nextGaussian());
  }

  /** Normal, drawn again where it is beyond two deviations. */
  public static NamedTensor truncatedNormal(Slot slot, double deviation, long seed) {
    SplittableRandom random = random(seed, slot.name());
    return filled(
        slot,
        () -> {
          double drawn = random.nextGaussian();
          while (Math.abs(drawn) > 2) drawn = random.nextGaussian();
          return deviation * drawn;
        });
  }

  private static NamedTensor filled(Slot slot, DoubleSupplier value) {
    ByteBuffer data =
        ByteBuffer.allocate(Math.toIntExact(slot.size() * Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    while (data.hasRemaining()) data.putFloat((float) value.getAsDouble());
    return new NamedTensor(slot.name(), Dtype.F32, slot.shape(), data.flip());
  }

  /** Equal on every machine, independent between names. */
  public static SplittableRandom random(long seed, String name) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(seed).flip());
      byte[] hash = digest.digest(name.getBytes(StandardCharsets.UTF_8));
      return new SplittableRandom(ByteBuffer.wrap(hash).getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
