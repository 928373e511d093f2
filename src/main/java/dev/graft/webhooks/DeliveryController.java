package dev.graft.webhooks;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The deliveries of an endpoint, with the results of their attempts. */
@RestController
class DeliveryController {
  private final EndpointService endpoints;
  private final Deliveries deliveries;

  DeliveryController(EndpointService endpoints, Deliveries deliveries) {
    this.endpoints = endpoints;
    this.deliveries = deliveries;
  }

  @GetMapping("/v1/webhook_endpoints/{endpoint}/deliveries")
  CursorPage<Deliveries.DeliveryObject> list(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String endpoint,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    String id = endpoints.require(caller.departmentId(), endpoint).getId();
    return CursorPage.ofOneMore(
        deliveries.list(id, page), page.limit(), Deliveries.DeliveryObject::id);
  }

  /** Sends the same event id again, so that a receiver can ignore an event that it has. */
  @PostMapping("/v1/webhook_deliveries/{delivery}/redeliver")
  Deliveries.DeliveryObject redeliver(
      @AuthenticationPrincipal Caller caller, @PathVariable String delivery) {
    String department = caller.departmentId();
    return deliveries
        .again(department, delivery)
        .orElseThrow(
            () ->
                deliveries.departmentOf(delivery).filter(department::equals).isPresent()
                    ? new RequestFailed(
                        ProblemType.WRONG_STATE,
                        "The delivery is still pending, or its endpoint is disabled.",
                        "delivery")
                    : RequestFailed.notFound("delivery", delivery));
  }
}
