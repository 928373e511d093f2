package dev.graft.jobs;

import dev.graft.jobs.WorkerDevices.WorkerDevice;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The workers and the use of their devices, for administrators. */
@RestController
@RequestMapping("/v1/organization/workers")
class WorkerController {
  private static final String OBJECT = "organization.worker";

  private final Workers workers;
  private final WorkerDevices devices;

  WorkerController(Workers workers, WorkerDevices devices) {
    this.workers = workers;
    this.devices = devices;
  }

  record WorkerObject(
      String id,
      String object,
      String name,
      String workerClass,
      boolean online,
      @Nullable Long cordonedAt,
      boolean draining,
      long createdAt,
      @Nullable Long lastSeenAt,
      @Nullable Long credentialExpiresAt,
      List<String> jobs,
      List<WorkerDevice> devices) {
    static WorkerObject of(Workers.Worker worker, List<WorkerDevice> devices) {
      return new WorkerObject(
          worker.id(),
          OBJECT,
          worker.name(),
          worker.workerClass(),
          worker.online(),
          UnixTime.seconds(worker.cordonedAt()),
          worker.draining(),
          worker.createdAt().getEpochSecond(),
          UnixTime.seconds(worker.lastSeenAt()),
          UnixTime.seconds(worker.credentialExpiresAt()),
          worker.jobs(),
          devices);
    }
  }

  @GetMapping
  CursorPage<WorkerObject> list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    List<Workers.Worker> found = workers.list(page.after(), page.limit() + 1);
    Map<String, List<WorkerDevice>> theirs =
        devices.of(found.stream().map(Workers.Worker::id).toList()).stream()
            .collect(Collectors.groupingBy(WorkerDevice::workerId));
    return CursorPage.ofOneMore(
        found,
        page,
        worker -> WorkerObject.of(worker, theirs.getOrDefault(worker.id(), List.of())),
        WorkerObject::id);
  }

  @GetMapping("/{worker}")
  WorkerObject get(@PathVariable String worker) {
    return WorkerObject.of(require(worker), devices.of(List.of(worker)));
  }

  @PostMapping("/{worker}/cordon")
  WorkerObject cordon(@PathVariable String worker) {
    return ordered(worker, Workers.Order.CORDON);
  }

  @PostMapping("/{worker}/uncordon")
  WorkerObject uncordon(@PathVariable String worker) {
    return ordered(worker, Workers.Order.UNCORDON);
  }

  @PostMapping("/{worker}/drain")
  WorkerObject drain(@PathVariable String worker) {
    return ordered(worker, Workers.Order.DRAIN);
  }

  @DeleteMapping("/{worker}")
  DeletedObject revoke(@PathVariable String worker) {
    require(worker);
    workers.give(worker, Workers.Order.REVOKE);
    return new DeletedObject(worker, OBJECT + ".deleted", true);
  }

  private WorkerObject ordered(String worker, Workers.Order order) {
    require(worker);
    workers.give(worker, order);
    return get(worker);
  }

  private Workers.Worker require(String id) {
    return workers.find(id).orElseThrow(() -> RequestFailed.notFound("worker", id));
  }
}
