package dev.graft.model;

import dev.graft.weights.Dtype;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Start values as pure functions of seed and name, so that adding a tensor changes no other. */
final class Starts {
  /**
   * Numbers drawn at a time, because arrays are faster than memory segments before the JIT
   * compiles.
   */
  private static final int SOME = 1024;

  private Starts() {}

  public static NamedTensor zeros(Slot slot) {
    return new NamedTensor(slot.name(), Dtype.F32, slot.shape(), new Zeros(bytes(slot)));
  }

  public static NamedTensor constant(Slot slot, double value) {
    return drawn(slot, 0, random -> value);
  }

  /** Returns numbers uniform within (-bound, bound). */
  public static NamedTensor uniform(Slot slot, double bound, long seed) {
    return drawn(slot, seed, random -> random.nextDouble(-bound, bound));
  }

  public static NamedTensor normal(Slot slot, double deviation, long seed) {
    return drawn(slot, seed, random -> deviation * random.nextGaussian());
  }

  /** Returns normal numbers, redrawn if beyond two deviations. */
  public static NamedTensor truncatedNormal(Slot slot, double deviation, long seed) {
    return drawn(
        slot,
        seed,
        random -> {
          double drawn = random.nextGaussian();
          while (Math.abs(drawn) > 2) drawn = random.nextGaussian();
          return deviation * drawn;
        });
  }

  private static NamedTensor drawn(Slot slot, long seed, ToDoubleFunction<SplittableRandom> next) {
    Supplier<DoubleSupplier> numbers =
        () -> {
          SplittableRandom random = random(seed, slot.name());
          return () -> next.applyAsDouble(random);
        };
    return new NamedTensor(slot.name(), Dtype.F32, slot.shape(), new Drawn(bytes(slot), numbers));
  }

  private static long bytes(Slot slot) {
    return Math.multiplyExact(slot.size(), Float.BYTES);
  }

  private record Zeros(long byteSize) implements TensorData {
    @Override
    public void copyTo(long from, MemorySegment into) {
      into.fill((byte) 0);
    }
  }

  /** Numbers that are drawn when they are copied, because those of all slots exceed the heap. */
  private static final class Drawn implements TensorData {
    private final long bytes;
    private final Supplier<DoubleSupplier> numbers;
    private DoubleSupplier running = () -> 0;
    private long next = -1;

    Drawn(long bytes, Supplier<DoubleSupplier> numbers) {
      this.bytes = bytes;
      this.numbers = numbers;
    }

    @Override
    public long byteSize() {
      return bytes;
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      if (from != next) {
        running = numbers.get();
        for (long at = 0; at < from; at += Float.BYTES) {
          var _ = running.getAsDouble();
        }
      }
      float[] some = new float[SOME];
      for (long at = 0; at < into.byteSize(); at += SOME * Float.BYTES) {
        int count = (int) Math.min(SOME, (into.byteSize() - at) / Float.BYTES);
        for (int i = 0; i < count; i++) some[i] = (float) running.getAsDouble();
        MemorySegment.copy(some, 0, into, FLOAT, at, count);
      }
      next = from + into.byteSize();
    }
  }

  /** Returns a generator that is equal on every machine and independent between names. */
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
