"""The pages of docs/providers: what each shows, what of it is rendered, and apps that run what can be pasted."""
