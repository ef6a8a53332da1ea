"""The network under attack: what it is made of, what it makes of a digit, how well it reads; and one of your own."""

from pages.ui import frame, session
from pages.ui.model import network_views, reading_view, training_panel
from pages.ui.networks import network
from pages.ui.shared import anatomy
from pages.ui.theme import theme

choice, digits = frame.begin("Model")
frame.heading("Model", choice)
session.publish()

shade = theme()
attacked = network(choice.model)
image = digits.images[digits.of_class(choice.digit)[choice.sample]]
layers = anatomy.dissect(attacked.module, image)

network_views.layer_table(layers)
network_views.ten_outputs(layers[-1].output, choice.digit, shade)
network_views.first_filters(anatomy.filters(attacked.module), image, layers[0].output, shade)
network_views.feature_maps(layers, shade)
reading_view.show(choice, attacked, digits, shade)
training_panel.panel(shade)
