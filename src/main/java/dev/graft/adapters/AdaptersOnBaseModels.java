package dev.graft.adapters;

import dev.graft.catalog.BaseModels.BaseModelUse;
import org.springframework.stereotype.Component;

/** Adapters that are there: chats with them need the base model. */
@Component
class AdaptersOnBaseModels implements BaseModelUse {
  private final AdapterRows rows;

  AdaptersOnBaseModels(AdapterRows rows) {
    this.rows = rows;
  }

  @Override
  public String name() {
    return "adapters";
  }

  @Override
  public long count(String baseModel) {
    return rows.countOnBaseModel(baseModel);
  }
}
