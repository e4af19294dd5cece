// Shows other widgets inside one of ours: their models are referred to as "IPY_MODEL_<id>".
async function embed(model, name, place) {
  const reference = model.get(name);
  if (!reference) return undefined;
  const child = await model.widget_manager.get_model(reference.slice("IPY_MODEL_".length));
  const view = await model.widget_manager.create_view(child);
  place.replaceChildren(view.el);
  return view;
}
