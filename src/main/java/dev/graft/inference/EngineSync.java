package dev.graft.inference;

import dev.graft.inference.AdapterPlace.Served;
import dev.graft.inference.AdapterPlace.VllmForm.NotLoadable;
import dev.graft.inference.AdapterPlace.VllmForm.Source;
import dev.graft.inference.EngineHttp.VllmAdapters;
import dev.graft.inference.EngineHttp.VllmAdapters.EngineRefused;
import dev.graft.inference.EngineSync.EngineHealth.Status;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/** Loads the wanted adapters into one engine and unloads others. Adapters in place are kept. */
final class EngineSync implements AutoCloseable {
  private static final Duration REFUSED_FOR = Duration.ofMinutes(10);
  private static final String NO_ENDPOINTS =
      "The engine has no /v1/load_lora_adapter: start it with --enable-lora and"
          + " VLLM_ALLOW_RUNTIME_LORA_UPDATING=True.";

  private final AdapterPlace place;
  private final @Nullable VllmAdapters vllm;
  private final Collection<String> bases;
  private final Clock clock;

  /** Refused adapters are not retried at every check, since engines log long traces. */
  private final Map<String, Refusal> refusals = new HashMap<>();

  /**
   * @param vllm null = the engine finds adapters itself
   * @param bases the engine's names of the base models that it serves
   */
  EngineSync(
      AdapterPlace place, @Nullable VllmAdapters vllm, Collection<String> bases, Clock clock) {
    this.place = place;
    this.vllm = vllm;
    this.bases = bases;
    this.clock = clock;
  }

  private record Refusal(String reason, Instant until) {}

  /** The engine refuses an adapter. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    Refused(@Nullable String reason) {
      super(reason);
    }
  }

  /**
   * Checks the engine and updates its adapters.
   *
   * @param exists whether an adapter with this id exists, wanted here or not
   */
  EngineHealth check(
      List<Served> wanted, Function<Served, Source> sources, Predicate<String> exists)
      throws InterruptedException {
    try {
      Map<String, String> there = vllm == null ? Map.of() : vllm.models();
      List<FoundModel> found = new ArrayList<>();
      for (Served each : wanted) found.add(have(each, sources.apply(each), there));
      if (vllm != null) unload(wanted, there, vllm);
      place.keepOnly(wanted, exists);
      refusals.values().removeIf(refusal -> !refusal.until().isAfter(clock.instant()));
      return checked(found, there);
    } catch (IOException | UncheckedIOException | MachineLacks away) {
      List<FoundModel> all = wanted.stream().map(it -> FoundModel.of(it, "unknown", null)).toList();
      return new EngineHealth(Status.UNREACHABLE, message(away), all);
    }
  }

  private EngineHealth checked(List<FoundModel> found, Map<String, String> there) {
    List<String> lacking =
        vllm == null ? List.of() : bases.stream().filter(it -> !there.containsKey(it)).toList();
    if (!lacking.isEmpty()) {
      String error =
          "The engine does not serve %s; it serves %s.".formatted(lacking, there.keySet());
      return new EngineHealth(Status.DEGRADED, error, found);
    }
    long failed = found.stream().filter(each -> each.error() != null).count();
    return failed == 0
        ? new EngineHealth(Status.READY, null, found)
        : new EngineHealth(Status.DEGRADED, failed + " of its adapters failed.", found);
  }

  private FoundModel have(Served adapter, Source source, Map<String, String> there)
      throws IOException, InterruptedException {
    String what = adapter.name() + " " + adapter.key();
    Refusal refusal = refusals.get(what);
    if (refusal != null && refusal.until().isAfter(clock.instant())) {
      return FoundModel.of(adapter, "failed", refusal.reason());
    }
    try {
      String path = place.put(adapter, source);
      if (vllm == null) return FoundModel.of(adapter, "published", null);
      load(vllm, adapter.name(), path, there);
      return FoundModel.of(adapter, "loaded", null);
    } catch (NotLoadable | Refused no) {
      String reason = message(no);
      refusals.put(what, new Refusal(reason, clock.instant().plus(REFUSED_FOR)));
      return FoundModel.of(adapter, "failed", reason);
    }
  }

  private void load(VllmAdapters engine, String name, String path, Map<String, String> there)
      throws IOException, InterruptedException, Refused {
    String root = there.get(name);
    if (path.equals(root)) return;
    if (root != null && !place.isOurs(root)) {
      throw new Refused("The engine has a model of this name that Graft has not loaded.");
    }
    try {
      if (root == null) engine.load(name, path);
      else engine.replace(name, path);
    } catch (EngineRefused no) {
      throw new Refused(no.lacksEndpoints() ? NO_ENDPOINTS : no.getMessage());
    }
  }

  private void unload(List<Served> wanted, Map<String, String> there, VllmAdapters engine)
      throws IOException, InterruptedException {
    Map<String, String> others = new LinkedHashMap<>(there);
    for (Served each : wanted) others.remove(each.name());
    for (Map.Entry<String, String> other : others.entrySet()) {
      if (place.isOurs(other.getValue())) engine.unload(other.getKey());
    }
  }

  private static String message(Exception failed) {
    if (failed instanceof EngineRefused no) {
      return "The engine answered %d: %s".formatted(no.status(), no.getMessage());
    }
    String message = failed.getMessage();
    return message == null ? failed.getClass().getSimpleName() : message;
  }

  @Override
  public void close() {
    place.close();
  }

  /**
   * The result of a check.
   *
   * @param error why the engine is not ready
   */
  record EngineHealth(Status status, @Nullable String error, List<FoundModel> models) {
    enum Status {
      /** It has all wanted adapters. */
      READY,
      /** It answers, but lacks adapters or base models. */
      DEGRADED,
      /** The engine, its directory or its bucket cannot be used. */
      UNREACHABLE;

      String wire() {
        return name().toLowerCase(Locale.ROOT);
      }
    }
  }

  /**
   * The state of an adapter at an engine after the last check.
   *
   * @param name of the adapter at the engine
   * @param model the name of the adapter in Graft
   * @param status {@code loaded} by the engine, {@code published} for it to find, {@code failed},
   *     or {@code unknown} while the engine cannot be reached
   * @param error why it failed
   */
  @JsonNaming(SnakeCaseStrategy.class)
  record FoundModel(
      String name, String departmentId, String model, String status, @Nullable String error) {
    static FoundModel of(AdapterPlace.Served adapter, String status, @Nullable String error) {
      return new FoundModel(
          adapter.name(),
          adapter.adapter().departmentId(),
          adapter.adapter().name(),
          status,
          error);
    }
  }
}
