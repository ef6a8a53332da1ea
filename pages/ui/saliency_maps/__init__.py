"""What the page Saliency maps needs: the maps of one digit, and the measures to which they are held."""
