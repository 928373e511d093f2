package dev.graft.kernels;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code CUDA_VISIBLE_DEVICES} leaves, as CUDA reads it: up to the first that there is not.
 */
final class VisibleDevices {
  private VisibleDevices() {}

  /**
   * @param gpus in the order of the PCI bus, which numbers mean; each as itself, or as its parts
   * @param said null = nothing
   */
  static List<CudaDevice> of(List<List<CudaDevice>> gpus, @Nullable String said) {
    List<CudaDevice> all = gpus.stream().flatMap(List::stream).toList();
    if (said == null) return all;
    List<CudaDevice> visible = new ArrayList<>();
    for (String each : said.split(",")) {
      CudaDevice found = find(gpus, all, each.strip());
      if (found == null || visible.contains(found)) break;
      visible.add(found);
    }
    return visible;
  }

  private static @Nullable CudaDevice find(
      List<List<CudaDevice>> gpus, List<CudaDevice> all, String name) {
    if (name.matches("\\d{1,4}")) {
      int index = Integer.parseInt(name);
      return index < gpus.size() ? gpus.get(index).getFirst() : null;
    }
    if (!name.startsWith("GPU-") && !name.startsWith("MIG-")) return null;
    List<CudaDevice> named = all.stream().filter(each -> each.uuid().startsWith(name)).toList();
    return named.size() == 1 ? named.getFirst() : null;
  }
}
