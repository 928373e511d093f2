package dev.graft.jobs;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.platform.ErrorDetail;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Resources;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.tenancy.Caller;
import dev.graft.training.RowSizes;
import dev.graft.training.TrainedParts;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** Checks settings against a base model; stores nothing, and submits no job. */
@RestController
class AdapterValidationController {
  private final AdapterConfigService configs;
  private final BaseModels baseModels;
  private final BaseModelFit fit;
  private final ResourceDemand demand;
  private final WorkerDevices devices;

  AdapterValidationController(
      AdapterConfigService configs,
      BaseModels baseModels,
      BaseModelFit fit,
      ResourceDemand demand,
      WorkerDevices devices) {
    this.configs = configs;
    this.baseModels = baseModels;
    this.fit = fit;
    this.demand = demand;
    this.devices = devices;
  }

  record ValidationRequest(@Nullable String model, @Nullable JsonNode adapter) {}

  /**
   * @param adapter the settings as they would run; null if they cannot be read
   * @param modules that train or have adapter parameters; null if the settings do not fit, or the
   *     base model trains only on a Ray cluster
   * @param parameters of the base model
   * @param memoryBytes need of a device with rows of the full length; null if the settings do not
   *     fit, or it is not known
   * @param fitsWorker whether an available worker has enough memory and a device for the base
   *     model; null if no worker is available
   */
  record Validation(
      String object,
      String model,
      boolean valid,
      List<ErrorDetail> errors,
      @Nullable JsonNode adapter,
      @Nullable List<String> modules,
      @Nullable Long trainableParameters,
      long parameters,
      @Nullable Long memoryBytes,
      @Nullable Boolean fitsWorker) {
    private static Validation refused(
        BaseModel base, @Nullable JsonNode adapter, List<ErrorDetail> errors) {
      return new Validation(
          OBJECT, base.name(), false, errors, adapter, null, null, base.parameters(), null, null);
    }
  }

  private static final String OBJECT = "adapter_config.validation";

  @PostMapping("/v1/adapter_configs/validate")
  Validation validate(
      @AuthenticationPrincipal Caller caller, @RequestBody ValidationRequest request) {
    BaseModel base = base(RequestFailed.required(request.model(), "model"));
    JsonNode given = RequestFailed.required(request.adapter(), "adapter");
    if (!given.isObject() && !given.isString()) {
      throw RequestFailed.invalid("adapter", "must be an object or the name of a configuration");
    }
    JsonNode adapter = configs.expand(caller.departmentId(), given);
    TrainingSpec spec;
    try {
      spec = TrainingSpec.resolve(adapter, null, null, null);
    } catch (SpecRejected rejected) {
      return Validation.refused(
          base,
          null,
          rejected.problems().stream().map(p -> ErrorDetail.at(p.path(), p.message())).toList());
    }
    JsonNode resolved = TrainingSpec.toJson(spec);
    List<ErrorDetail> errors = new ArrayList<>(tooLong(adapter, base));
    return switch (fit.of(base, spec, RowSizes.UNKNOWN)) {
      case BaseModelFit.Fit.Fails fails -> {
        errors.add(fails.why());
        yield Validation.refused(base, resolved, errors);
      }
      case BaseModelFit.Fit.Fits(TrainedParts parts) ->
          errors.isEmpty()
              ? valid(base, resolved, parts)
              : Validation.refused(base, resolved, errors);
      case BaseModelFit.Fit.Unknown() ->
          errors.isEmpty()
              ? valid(base, resolved, null)
              : Validation.refused(base, resolved, errors);
    };
  }

  private Validation valid(BaseModel base, JsonNode adapter, @Nullable TrainedParts parts) {
    Long memory = parts == null ? null : Long.valueOf(parts.memory().bytes());
    return new Validation(
        OBJECT,
        base.name(),
        true,
        List.of(),
        adapter,
        parts == null ? null : parts.modules(),
        parts == null ? null : Long.valueOf(parts.parameters()),
        base.parameters(),
        memory,
        fits(base, memory == null ? 0 : memory));
  }

  private @Nullable Boolean fits(BaseModel base, long memory) {
    List<WorkerDevices.DeviceOffer> there =
        devices.offers().stream().filter(WorkerDevices.DeviceOffer::there).toList();
    if (there.isEmpty()) return null;
    JobNeeds needs = new JobNeeds(demand.of(Resources.ANY, base), memory);
    return there.stream().anyMatch(offer -> offer.meets(needs));
  }

  private static List<ErrorDetail> tooLong(@Nullable JsonNode adapter, BaseModel base) {
    int asked = adapter == null ? 0 : adapter.at("/training/max_length").asInt(0);
    if (asked <= base.contextLength()) return List.of();
    return List.of(
        ErrorDetail.at(
            "adapter.training.max_length",
            "%d is more than the %d tokens of %s"
                .formatted(asked, base.contextLength(), base.name())));
  }

  private BaseModel base(String name) {
    return baseModels
        .find(name)
        .orElseThrow(
            () ->
                ParentLookup.unknown(
                    name,
                    baseModels.list().stream()
                        .filter(BaseModel::enabled)
                        .map(BaseModel::name)
                        .toList(),
                    "model"));
  }
}
