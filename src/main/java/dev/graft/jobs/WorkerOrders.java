package dev.graft.jobs;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.AuditLog;
import java.util.Map;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** What administrators tell workers, in words of Kubernetes' nodes: see {@link Workers.Order}. */
@Service
class WorkerOrders {
  private final Workers workers;
  private final LeaseDesk desk;
  private final AuditLog audit;

  WorkerOrders(Workers workers, LeaseDesk desk, AuditLog audit) {
    this.workers = workers;
    this.desk = desk;
    this.audit = audit;
  }

  /**
   * The jobs of a worker that is revoked are in the queue at once, to go on from their last
   * checkpoints. A claim that is under way may still get one: that lease runs out.
   *
   * @throws RequestFailed if the worker inside a server is to be revoked: it has no credential
   */
  @Transactional
  void tell(String id, Workers.Order order) {
    if (order == Workers.Order.REVOKE && workers.inProcess(id)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "This worker is inside a server and has no credential: cordon it, or start the server"
              + " with --role server.",
          "worker");
    }
    workers.tell(id, order);
    audit.write(order.event(), null, id, Map.of());
    if (order == Workers.Order.REVOKE) desk.releaseAll(id);
  }
}
