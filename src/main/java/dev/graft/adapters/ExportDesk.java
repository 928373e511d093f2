package dev.graft.adapters;

import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.spec.ExportForm;
import dev.graft.tenancy.AuditLog;
import java.util.Map;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** What departments ask for and let go of. */
@Service
class ExportDesk {
  /** Of one adapter: each may be as large as its base. */
  private static final int MOST = 10;

  private final AdapterExports rows;
  private final Adapters adapters;
  private final LeasedWork work;
  private final AuditLog audit;
  private final Ids ids;

  ExportDesk(AdapterExports rows, Adapters adapters, LeasedWork work, AuditLog audit, Ids ids) {
    this.rows = rows;
    this.adapters = adapters;
    this.work = work;
    this.audit = audit;
    this.ids = ids;
  }

  /**
   * The one that there is of this form, or a new one.
   *
   * @throws RequestFailed if the adapter is gone, or has too many
   */
  @Transactional
  public AdapterExport add(Adapter seen, ExportForm form) {
    String department = seen.departmentId();
    Adapter adapter =
        adapters
            .hold(department, seen.id())
            .orElseThrow(() -> RequestFailed.notFound("adapter", seen.id()));
    if (rows.page(department, adapter.id(), null, MOST).size() == MOST) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "This adapter has %d exports; delete one of them first.".formatted(MOST));
    }
    String id = ids.next("adexp_");
    if (rows.add(id, department, adapter.id(), form, filename(adapter, form))) {
      work.add(ExportWork.KIND, id, department);
      audit.write(
          "adapter.export.created",
          department,
          adapter.id(),
          Map.of("model", adapter.name(), "export", id, "form", form.kind().wireName()));
    }
    return rows.equal(department, adapter.id(), form).orElseThrow();
  }

  private static String filename(Adapter adapter, ExportForm form) {
    return switch (form) {
      case ExportForm.MergedGguf(ExportForm.GgufType type) ->
          adapter.id() + "-" + type.wireName() + ".gguf";
      case ExportForm.AdapterGguf() -> adapter.id() + "-adapter-f16.gguf";
      default -> adapter.id() + "-" + form.kind().wireName() + ".tar.gz";
    };
  }

  /** Whoever makes it hears of it within a second. */
  @Transactional
  public void delete(AdapterExport export) {
    drop(export);
    audit.write(
        "adapter.export.deleted",
        export.departmentId(),
        export.adapterId(),
        Map.of("export", export.id(), "form", export.form().kind().wireName()));
  }

  private void drop(AdapterExport export) {
    work.drop(ExportWork.KIND, export.id(), export.departmentId());
    rows.delete(export);
  }

  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  public void deleted(AdapterDeleted adapter) {
    rows.page(adapter.departmentId(), adapter.adapterId(), null, Integer.MAX_VALUE)
        .forEach(this::drop);
  }
}
