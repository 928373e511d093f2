package dev.graft.training.model;

import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.weights.Dtype;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The low-rank factors that a LoRA method adds to a model. Their start is a pure function of seed
 * and name, with PEFT's distributions: A uniform within 1/sqrt(in), B zero; without {@code
 * init_lora_weights} B is uniform within 1/sqrt(r).
 */
final class LoraFactors {
  private LoraFactors() {}

  static List<Parameters.Slot> slots(Lora method, ModelConfig config) {
    List<Parameters.Slot> slots = new ArrayList<>();
    for (ModelConfig.Linear linear : LinearTargets.select(method.targetModules(), config)) {
      String name = linear.path();
      slots.add(slot(name + ".lora_A.weight", method.r(), linear.inFeatures()));
      slots.add(slot(name + ".lora_B.weight", linear.outFeatures(), method.r()));
    }
    return slots;
  }

  private static Parameters.Slot slot(String name, long rows, long columns) {
    return new Parameters.Slot(name, new long[] {rows, columns});
  }

  static List<NamedTensor> start(Lora method, List<Parameters.Slot> slots, long seed) {
    return slots.stream().map(slot -> start(method, slot, seed)).toList();
  }

  private static NamedTensor start(Lora method, Parameters.Slot slot, long seed) {
    boolean zero = method.initLoraWeights() && slot.name().endsWith(".lora_B.weight");
    ByteBuffer data =
        ByteBuffer.allocate(Math.toIntExact(slot.size() * Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    if (!zero) {
      SplittableRandom random = new SplittableRandom(key(seed, slot.name()));
      double bound = 1 / Math.sqrt(slot.shape()[1]);
      while (data.hasRemaining()) data.putFloat((float) random.nextDouble(-bound, bound));
      data.flip();
    }
    return new NamedTensor(slot.name(), Dtype.F32, slot.shape(), data);
  }

  /** First eight bytes of a digest: equal on every machine, independent between names. */
  private static long key(long seed, String name) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(seed).flip());
      return ByteBuffer.wrap(digest.digest(name.getBytes(StandardCharsets.UTF_8))).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
