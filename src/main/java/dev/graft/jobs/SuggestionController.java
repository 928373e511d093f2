package dev.graft.jobs;

import dev.graft.catalog.SuggestedModel;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Suggests base models, with whether a worker of this server can train them. */
@RestController
class SuggestionController {
  private final WorkerDevices devices;

  SuggestionController(WorkerDevices devices) {
    this.devices = devices;
  }

  /**
   * @param object always {@code list}
   * @param deviceMemory bytes of the largest device of a worker; null = none is known
   */
  record SuggestionList(String object, @Nullable Long deviceMemory, List<SuggestedModel> data) {}

  @GetMapping("/v1/base_model_suggestions")
  SuggestionList list() {
    Long memory =
        devices.offers().stream()
            .map(WorkerDevices.DeviceOffer::memory)
            .filter(bytes -> bytes < Long.MAX_VALUE)
            .max(Long::compare)
            .orElse(null);
    return new SuggestionList("list", memory, SuggestedModel.on(memory));
  }
}
